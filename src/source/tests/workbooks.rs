use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

use super::*;

const TYPES: &str = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"#;
const ROOT: &str = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const STYLES: &str = r#"<?xml version="1.0"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

/// A workbook with these worksheets' rows, as XML.
pub(in crate::source) fn workbook(sheets: &[String]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, text: &str| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    };
    put("[Content_Types].xml", TYPES);
    put("_rels/.rels", ROOT);
    put("xl/styles.xml", STYLES);
    let (mut list, mut links) = (String::new(), String::new());
    for (number, rows) in (1..).zip(sheets) {
        list.push_str(&format!(r#"<sheet name="S{number}" sheetId="{number}" r:id="s{number}"/>"#));
        links.push_str(&format!(
            r#"<Relationship Id="s{number}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        ));
        put(
            &format!("xl/worksheets/sheet{number}.xml"),
            &format!(
                r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
            ),
        );
    }
    put(
        "xl/workbook.xml",
        &format!(
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{list}</sheets></workbook>"#
        ),
    );
    put(
        "xl/_rels/workbook.xml.rels",
        &format!(r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>"#),
    );
    zip.finish().unwrap().into_inner()
}

pub(in crate::source) fn text(value: &str) -> String {
    format!(r#"<c t="inlineStr"><is><t>{value}</t></is></c>"#)
}

pub(in crate::source) fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("<row>{}</row>", cells.into_iter().collect::<String>())
}

pub(in crate::source) fn texts(line: &str) -> String {
    row(line.split(',').map(text))
}

/// The good account with the cell of one field replaced.
fn account_cell(field: &str, cell: &str) -> String {
    let at = ACCOUNTS_HEADER.split(',').position(|name| name == field).unwrap();
    row(GOOD_ACCOUNT.split(',').enumerate().map(|(index, value)| if index == at { cell.to_owned() } else { text(value) }))
}

fn folder_of(bytes: &[u8]) -> Folder {
    let folder = Folder::of(&[], &[], &[]);
    fs::remove_file(folder.dir.path().join("accounts.csv")).unwrap();
    folder.write("accounts.xlsx", bytes);
    folder
}

fn folder_with(rows: &[String]) -> Folder {
    folder_of(&workbook(&[texts(ACCOUNTS_HEADER) + &rows.concat()]))
}

#[test]
fn numbers_and_days_of_a_workbook_are_read_where_nothing_can_be_lost() {
    let plain = Folder::of(&[GOOD_ACCOUNT], &[], &[]).facts();
    for (field, cell) in [
        ("GRZHYE", r"<c><v>9936</v></c>"),
        ("GRYJCE", r#"<c t="n"><v>1656</v></c>"#),
        ("DWJCBL", r"<c><v>0.08</v></c>"),
        ("GRZHZT", r"<c><v>1</v></c>"),
        ("JZNY", r"<c><v>202610</v></c>"),
        ("KHRQ", r"<c><v>20260701</v></c>"),
        ("KHRQ", r#"<c s="1"><v>46204</v></c>"#),
        ("JZNY", r#"<c s="1"><v>46310</v></c>"#),
    ] {
        assert!(folder_with(&[account_cell(field, cell)]).facts() == plain, "{field} {cell}");
    }
}

#[test]
fn cells_that_cannot_be_trusted_reject_their_row() {
    for (field, cell, reason) in [
        ("ZJHM", r"<c><v>460199199211165000</v></c>", Reason::IdentifierAsNumber),
        ("ZJHM", r"<c><v>4.60199199211165E17</v></c>", Reason::IdentifierAsNumber),
        ("GRZH", r"<c><v>46010000000100000</v></c>", Reason::IdentifierAsNumber),
        ("GRZHYE", r"<c><f>A1+1</f><v>9936</v></c>", Reason::Formula),
        ("XINGMING", r#"<c t="str"><f>A1</f><v>x</v></c>"#, Reason::Formula),
        ("GRZHYE", r#"<c t="e"><v>#REF!</v></c>"#, Reason::CellError),
        ("GRZHYE", r#"<c t="b"><v>1</v></c>"#, Reason::CellType),
        ("GRZHYE", r"<c><v>9936.005</v></c>", Reason::Amount),
        ("XINGMING", r"<c><v>1</v></c>", Reason::CellType),
    ] {
        let report = folder_with(&[account_cell(field, cell)]).report();
        assert_eq!(only_rejection(&report.accounts), (reason, Some(field), 2), "{field} {cell}");
        assert_eq!(report.accounts.rejections[0].sheet, Some(1));
    }
    let report = folder_with(&[format!("{}<row>{}</row>", texts(GOOD_ACCOUNT), r#"<c r="ZZ3"><v>1</v></c>"#)]).report();
    assert_eq!(only_rejection(&report.accounts), (Reason::RowLong, None, 3));
    let repeated = r#"<row r="3"><c r="A3"><v>1</v></c><c r="A3"><v>2</v></c></row>"#;
    assert_eq!(only_rejection(&folder_with(&[repeated.to_owned()]).report().accounts).0, Reason::CellRepeated);
}

#[test]
fn every_worksheet_is_read_and_one_without_the_columns_is_counted() {
    let second = GOOD_ACCOUNT.replacen("46010000000100000", "46010000000100001", 1);
    let sheets = [texts("说明,x"), texts(ACCOUNTS_HEADER) + &texts(GOOD_ACCOUNT), texts(ACCOUNTS_HEADER) + &texts(&second)];
    let (facts, report) = collect(&folder_of(&workbook(&sheets)).config());
    assert_eq!((facts.len(), report.accounts.sheets_skipped), (2, 1));
    let error = folder_of(&workbook(&[texts("GRZH,x")])).error();
    assert!(matches!(&error, SourceError::MissingColumns { columns, .. } if columns.contains(&"ZJHM")), "{error}");
    assert_eq!(folder_of(&workbook(&[String::new()])).error(), SourceError::Empty { file: "accounts.xlsx".to_owned() });
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_read() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
    let zeros = vec![b'0'; 1024 * 1024];
    for _ in 0..64 {
        zip.write_all(&zeros).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 256 * 1024);
    let refused = |problem| SourceError::Workbook { file: "accounts.xlsx".to_owned(), problem };
    assert_eq!(folder_of(&bomb).error(), refused("it would inflate beyond the ratio"));
    // The same bomb with a lie about its size in both of its headers.
    let claimed = (64_u32 * 1024 * 1024).to_le_bytes();
    let mut liar = bomb;
    while let Some(at) = liar.windows(4).position(|window| window == claimed) {
        liar[at..at + 4].copy_from_slice(&1_000_u32.to_le_bytes());
    }
    assert!(matches!(folder_of(&liar).error(), SourceError::Workbook { .. }));
}

#[test]
fn a_cell_beyond_the_cap_a_repeated_part_and_no_workbook_at_all_are_refused() {
    // Not compressible beyond the ratio, but one run of text longer than the cap.
    let long: String = (0..400_000_u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    let refused = |problem| SourceError::Workbook { file: "accounts.xlsx".to_owned(), problem };
    assert_eq!(folder_of(&workbook(&[row([text(&long)])])).error(), refused("a cell beyond the cap"));
    assert_eq!(folder_of(b"GRZH,XINGMING\n").error(), refused("not a zip archive"));
    let bytes = workbook(&[texts(ACCOUNTS_HEADER)]);
    assert!(matches!(folder_of(&bytes[..bytes.len() / 2]).error(), SourceError::Workbook { .. }));
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("part-1", SimpleFileOptions::default()).unwrap();
    zip.start_file("part-2", SimpleFileOptions::default()).unwrap();
    let mut twice = zip.finish().unwrap().into_inner();
    while let Some(at) = twice.windows(6).position(|window| window == b"part-2") {
        twice[at + 5] = b'1';
    }
    assert_eq!(folder_of(&twice).error(), refused("two parts of one name"));
}
