use super::*;
use crate::source::tests::workbooks::{row as sheet_row, text as sheet_text, texts, workbook};

/// Everything that is read of a file, to be compared.
fn told(got: &Got) -> Vec<(String, String, String)> {
    got.rows.iter().map(|(import, row)| (import.name.clone(), row.document.expose().to_owned(), row.content().to_string())).collect()
}

#[test]
fn the_same_rows_are_read_in_every_encoding_with_every_header() {
    let plain = lines(&[HEADER, GOOD, GOOD_2]);
    let expected = told(&Given::csv(&plain).got());
    assert_eq!(expected.len(), 2);
    let chinese = plain.replace(
        HEADER,
        "主体类型,姓名或名称,证件号码,失信行为,失信等级,认定文书号,认定日期,法律依据,限制措施,限制截止日期,公示截止日期,备注",
    );
    for bytes in [
        plain.clone().into_bytes(),
        format!("\u{FEFF}{plain}").into_bytes(),
        gb(&plain),
        gb(&chinese),
        plain.replace("\r\n", "\n").into_bytes(),
        plain.replace(HEADER, " ztlx ,ＭＣ,zjhm,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ").into_bytes(),
        plain.replace(GOOD, &format!("\r\n{GOOD}")).into_bytes(),
    ] {
        assert_eq!(told(&Given::csv(bytes).got()), expected);
    }
}

#[test]
fn full_width_digits_other_forms_of_dates_and_marks_of_spreadsheets_are_read_as_meant() {
    let expected = told(&Given::csv(lines(&[HEADER, GOOD_2, GOOD])).got());
    for (field, value) in [
        ("ZJHM", "４６０１９９１９７６０１１７１４２５"),
        ("ZJHM", " 460199197601171425 "),
        ("ZJHM", "'460199197601171425"),
        ("WSRQ", "2025/6/21"),
        ("WSRQ", "20250621"),
        ("WSRQ", "２０２５－０６－２１"),
        ("XZCS", "限制提取；限制贷款"),
        ("XZCS", "限制提取、 限制贷款"),
        ("XZCS", "\"限制提取,限制贷款\""),
        ("ZTLX", "自然人"),
        ("XWDM", "loan-fraud"),
    ] {
        assert_eq!(told(&Given::cell(field, value).got()), expected, "{field} {value}");
    }
}

#[test]
fn whatever_is_wrong_with_a_row_rejects_that_row_with_column_and_reason() {
    for (field, value, reason) in [
        ("ZTLX", "猫", "subject-unknown"),
        ("ZJHM", "460199197601171426", "document-invalid"),
        ("ZJHM", "460199197602301425", "document-invalid"),
        ("ZJHM", "", "document-invalid"),
        ("ZJHM", "914601993TGUNRC89H", "document-invalid"),
        ("MC", "", "name-invalid"),
        ("MC", "向\u{202e}子雪", "name-invalid"),
        ("XWDM", "骗人", "conduct-unknown"),
        ("XWDM", "欠缴", "conduct-unknown"),
        ("DJ", "很坏", "level-unknown"),
        ("WSH", "", "decision-no-invalid"),
        ("WSRQ", "2025-02-30", "date-invalid"),
        ("WSRQ", "", "date-invalid"),
        ("WSRQ", "2026-11-23", "decision-in-future"),
        ("FLYJ", "", "legal-basis-invalid"),
        ("XZCS", "限制提取;限制呼吸", "measure-unknown"),
        ("XZCS", "", "measure-unknown"),
        ("XZJZ", "2025-06-20", "dates-contradict"),
        ("GSJZ", "2030-06-22", "dates-contradict"),
    ] {
        let got = Given::cell(field, value).got();
        assert_eq!(got.only(), (2, Some(field), reason), "{field} {value}");
        assert_eq!(got.rejected[0].cells.join(","), with_cell(field, value), "the row as it stood");
        assert_eq!((got.rows.len(), got.rejected[0].line), (1, 3));
    }
}

#[test]
fn a_row_that_is_no_row_is_rejected_and_swallows_nothing_after_it() {
    let short = GOOD.rsplit_once(',').unwrap().0.rsplit_once(',').unwrap().0;
    let long_line = "个人,".to_owned() + &"长".repeat(30_000);
    let open = GOOD.replacen("向子雪", "\"向子雪", 1);
    for (bad, reason, raw) in [
        (short, "row-short", Some(short)),
        (&format!("{GOOD}多余,多余"), "row-long", None),
        (&open, "quote-open", Some(&*open)),
        (&long_line, "line-too-long", Some("")),
        ("个人,向子雪\r460199197601171425", "line-break", Some("个人,向子雪\r460199197601171425")),
    ] {
        let got = Given::csv(lines(&[HEADER, bad, GOOD])).got();
        assert_eq!(got.only(), (1, None, reason));
        assert_eq!(got.rows.len(), 1, "{reason}: the row behind it is read");
        if let Some(raw) = raw {
            assert_eq!(got.rejected[0].cells.join(","), raw);
        }
    }
}

#[test]
fn a_line_that_begins_with_a_control_character_is_rejected_and_nothing_falls_over() {
    for bad in ["\u{1}", "\u{1}中", "\u{1}Bx", "\u{1}Q", "\u{1}Lx,y"] {
        let got = Given::csv(lines(&[HEADER, bad, GOOD])).got();
        assert_eq!((got.rejected.len(), got.rows.len()), (1, 1), "{bad:?}");
    }
}

#[test]
fn a_file_half_in_one_encoding_loses_no_row_in_silence() {
    let other = GOOD.replacen("18号", "19号", 1).replacen("向子雪", "任敏磊", 1);
    let utf8_then_gb = [lines(&[HEADER, GOOD]).into_bytes(), gb(&lines(&[&other]))].concat();
    let gb_then_utf8 = [gb(&lines(&[HEADER, GOOD])), lines(&[&other]).into_bytes()].concat();
    let marked = ["\u{FEFF}".as_bytes(), &utf8_then_gb].concat();
    for bytes in [utf8_then_gb, gb_then_utf8, marked] {
        let got = Given::csv(bytes).got();
        assert_eq!((got.rows.len(), got.rejected.len()), (1, 1));
        let reason = got.rejected[0].why.code();
        assert!(matches!(reason, "undecodable" | "other-encoding"), "{reason}");
    }
    // The header in the encoding that most of the file is not in.
    let chinese = "主体类型,姓名或名称,证件号码,失信行为,失信等级,认定文书号,认定日期,法律依据,限制措施,限制截止日期,公示截止日期,备注";
    let bytes = [lines(&[chinese]).into_bytes(), gb(&lines(&[GOOD, GOOD_2, &other]))].concat();
    let got = Given::csv(bytes).got();
    assert_eq!((got.rows.len(), got.rejected.len()), (0, 3));
}

#[test]
fn a_row_that_comes_twice_counts_once_and_one_that_contradicts_is_rejected() {
    let changed = GOOD.replacen("一般", "严重", 1);
    let other_person = GOOD.replacen("460199197601171425", "460199198601205861", 1);
    let reused = other_person.replacen("骗贷", "骗提", 1);
    let got = Given::csv(lines(&[HEADER, GOOD, GOOD, &changed, &other_person, &reused, GOOD])).got();
    assert_eq!(got.duplicates, [2, 6]);
    let reasons: Vec<_> = got.rejected.iter().map(|r| (r.row, r.why.code())).collect();
    assert_eq!(reasons, [(3, "contradicts-earlier-row"), (5, "decision-reused")]);
    assert_eq!(got.rows.iter().map(|(import, _)| import.row).collect::<Vec<_>>(), [1, 4]);
    // What was only padded otherwise is the same row.
    let padded = GOOD.replacen("向子雪", " 向子雪 ", 1).replacen("2025-06-21", "2025/6/21", 1);
    assert_eq!(Given::csv(lines(&[HEADER, GOOD, &padded])).got().duplicates, [2]);
}

#[test]
fn document_types_are_stated_or_inferred_from_kind_and_shape() {
    let header = HEADER.replace("ZJHM", "ZJLX,ZJHM");
    let with = |kind: &str, stated: &str, number: &str| {
        let row = GOOD.replacen("个人", kind, 1).replacen("460199197601171425", &format!("{stated},{number}"), 1);
        let row = row.replacen("骗贷", "提供虚假材料", 1);
        let got = Given::csv(lines(&[&header, &row])).got();
        got.rows.first().map(|(_, row)| row.document.kind().code().to_owned()).ok_or_else(|| got.rejected[0].why.code())
    };
    assert_eq!(with("个人", "", "460199197601171425").as_deref(), Ok("01"));
    assert_eq!(with("个人", "护照", "E12345678").as_deref(), Ok("03"));
    assert_eq!(with("个人", "3", "E12345678").as_deref(), Ok("03"));
    assert_eq!(with("个人", "414", "E12345678").as_deref(), Ok("03"));
    assert_eq!(with("个人", "", "E12345678"), Err("document-invalid"));
    assert_eq!(with("个人", "统一社会信用代码", "914601993TGUNRC89H"), Err("subject-unknown"));
    assert_eq!(with("相关方", "", "914601993TGUNRC89H").as_deref(), Ok("USCC"));
    assert_eq!(with("相关方", "", "460199197601171425").as_deref(), Ok("01"));
    assert_eq!(with("单位", "", "914601993TGUNRC89H").as_deref(), Ok("USCC"));
    assert_eq!(with("单位", "驾照", "914601993TGUNRC89H"), Err("subject-unknown"));
}

#[test]
fn a_centres_own_headers_are_mapped_and_a_mapping_that_cannot_be_is_refused() {
    let text = lines(&[&HEADER.replace("ZJHM", "号码").replace("MC", "证件号码"), GOOD]);
    let file = Given::csv(text);
    assert!(matches!(file.read().map(|_| ()), Err(SourceError::MissingColumns { .. })));
    let map = ColumnMap::parse(["zjhm=号码", "MC=证件号码"]).unwrap();
    assert_eq!(read_with(&file.path(), map).unwrap().rows[0].0.name, "向子雪");
    assert_eq!(ColumnMap::parse(["XYZ=a"]), Err(ColumnMapError::Field));
    assert_eq!(ColumnMap::parse(["ZJHM"]), Err(ColumnMapError::Form));
    assert_eq!(ColumnMap::parse(["ZJHM= "]), Err(ColumnMapError::Form));
    let twice = Given::csv(lines(&[&format!("{HEADER},证件号码"), GOOD]));
    assert!(matches!(twice.read().map(|_| ()), Err(SourceError::DuplicateColumn { column: "ZJHM", .. })));
}

#[test]
fn a_file_that_is_no_table_fails_as_a_whole() {
    let failed = |given: Given| given.read().map(|_| ()).unwrap_err();
    assert!(matches!(failed(Given::csv("")), SourceError::Empty { .. }));
    assert!(matches!(failed(Given::csv("a,b,c\r\n1,2,3\r\n")), SourceError::MissingColumns { .. }));
    assert!(matches!(failed(Given::csv([0_u8, 159, 146, 150])), SourceError::MissingColumns { .. }));
    assert!(matches!(failed(Given::named("blacklist.xlsx", "no workbook")), SourceError::Workbook { .. }));
    assert!(matches!(failed(Given::named("blacklist.pdf", "x")), SourceError::Unsupported { .. }));
    let gone = Given::csv(GOOD);
    fs::remove_file(gone.path()).unwrap();
    assert!(matches!(failed(gone), SourceError::Unreadable { .. }));
    assert_eq!(Given::csv(lines(&[HEADER])).got().tally, Tally::default(), "a header without rows is an empty list");
}

fn workbook_of(cells: &[(&str, &str)]) -> Got {
    let cell = |(at, value): (usize, &str)| {
        let name = HEADER.split(',').nth(at).unwrap();
        cells.iter().find(|(field, _)| *field == name).map_or_else(|| sheet_text(value), |(_, cell)| (*cell).to_owned())
    };
    let dirty = sheet_row(GOOD.split(',').enumerate().map(cell));
    Given::named("blacklist.xlsx", workbook(&[texts(HEADER) + &texts(GOOD_2) + &dirty])).got()
}

#[test]
fn a_workbooks_formulas_and_numbers_that_lost_digits_reject_their_row() {
    for (field, cell, reason) in [
        ("ZJHM", r"<c><v>460199197601171000</v></c>", "identifier-as-number"),
        ("WSH", r"<c><v>202518</v></c>", "identifier-as-number"),
        ("ZJHM", r#"<c t="str"><f>A1</f><v>460199197601171425</v></c>"#, "formula"),
        ("MC", r#"<c t="str"><f>A1</f><v>x</v></c>"#, "formula"),
        ("XZJZ", r"<c><f>TODAY()</f><v>48000</v></c>", "formula"),
        ("XZJZ", r#"<c t="e"><v>#REF!</v></c>"#, "cell-error"),
        ("MC", r"<c><v>12</v></c>", "cell-type"),
        ("WSRQ", r"<c><v>45829</v></c>", "cell-type"),
    ] {
        assert_eq!(workbook_of(&[(field, cell)]).only(), (2, Some(field), reason), "{field} {cell}");
    }
    for (field, cell) in [("WSRQ", r#"<c s="1"><v>45829</v></c>"#), ("WSRQ", r"<c><v>20250621</v></c>")] {
        let got = workbook_of(&[(field, cell)]);
        assert_eq!(got.rows[1].1.finding.decision_day.number(), 20_250_621, "{:?}", got.rejected);
    }
}

#[test]
fn rows_of_several_worksheets_have_numbers_of_their_own() {
    let sheets = [texts("说明,x"), texts(HEADER) + &texts(GOOD), texts(HEADER) + &texts(GOOD_2) + &texts("猫")];
    let got = Given::named("blacklist.xlsx", workbook(&sheets)).got();
    assert_eq!(got.rows.iter().map(|(import, _)| import.row).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((got.rejected[0].row, got.rejected[0].sheet, got.rejected[0].line), (3, Some(3), 3));
}

#[test]
fn applicants_keep_their_places_and_are_masked() {
    let text = "姓名,证件类型,证件号码,业务流水号\r\n甲,,460199197601171425,Y1\r\n乙,护照,E12345678,\r\n丙,01,460199197601171426,Y3\r\n丁,,914601993TGUNRC89H,Y4\r\n戊,鸟,1,Y5\r\n";
    let given = Given::csv(gb(text));
    let read = |business_no: Option<&str>| {
        let file = Applicants::open(&given.path(), ColumnMap::default(), today(), business_no.map(str::to_owned), &mut |_| {
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        let mut rows = Vec::new();
        file.rows(&mut |number, row| {
            rows.push((number, row.map(|(a, masked)| format!("{} {masked} {}", a.document_type, a.business_no)).map_err(|r| r.why.code())));
            ControlFlow::Continue(())
        })
        .unwrap();
        rows
    };
    let rows = read(Some("批量1"));
    assert_eq!(rows[0], (1, Ok("01 460***********1425 Y1".to_owned())));
    assert_eq!(rows[1], (2, Ok("03 *******78 批量1".to_owned())));
    assert_eq!(rows[2], (3, Err("document-invalid")));
    assert_eq!(rows[3], (4, Ok("USCC 914***********C89H Y4".to_owned())));
    assert_eq!(rows[4], (5, Err("subject-unknown")));
    assert_eq!(read(None)[1], (2, Err("missing")));
}
