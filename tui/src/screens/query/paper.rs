//! An answer on paper, and as evidence. The page stands alone: no script, nothing fetched, every value escaped, numbers of persons masked.
//! The evidence is the whole answer as a program reads it, with the presentation that other software can verify.

use anju_core::desk::LookupAnswer;
use serde_json::json;

use super::answer::{Got, listed, three};
use crate::screen::Cx;
use crate::shown::Shown;
use crate::widgets::claims::{Claims, kind_title};
use crate::words::Words;

/// Page and type. Chinese faces by name, for the systems that centres have; a browser takes the first it knows.
const STYLE: &str = "@page{size:A4;margin:20mm 18mm}\
body{font-family:SimSun,'Songti SC','Noto Serif CJK SC','Source Han Serif SC',serif;font-size:11pt;line-height:1.5;color:#000;\
max-width:174mm;margin:0 auto}\
h1{font-family:SimHei,'Heiti SC','Noto Sans CJK SC',sans-serif;font-size:16pt;text-align:center;margin:0 0 6mm}\
h2{font-family:SimHei,'Heiti SC','Noto Sans CJK SC',sans-serif;font-size:12pt;margin:5mm 0 1mm}\
table{border-collapse:collapse;width:100%;page-break-inside:avoid}\
th,td{border:1px solid #000;padding:1mm 2mm;text-align:left;vertical-align:top;font-weight:normal}\
th{width:34%}td{overflow-wrap:anywhere}\
footer{margin-top:6mm;font-size:9pt;overflow-wrap:anywhere}";

/// `text` as it may stand in an element or an attribute.
fn escaped(text: &Shown) -> String {
    let mut out = String::with_capacity(text.as_str().len());
    for c in text.as_str().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page that is being written. Text gets in only through [`escaped`].
struct Page(String);

impl Page {
    fn head(&mut self, text: &Shown) {
        self.0 += &format!("<h2>{}</h2>\n", escaped(text));
    }

    fn table(&mut self, rows: &[(Shown, Shown)]) {
        self.0.push_str("<table>\n");
        for (label, value) in rows {
            self.0 += &format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(label), escaped(value));
        }
        self.0.push_str("</table>\n");
    }
}

/// The answer as a page for a printer.
pub(super) fn html(cx: &Cx<'_>, got: &Got, list: Option<&LookupAnswer>) -> String {
    let words = cx.words;
    let lang = match words {
        Words::Chinese => "zh-CN",
        Words::English => "en",
    };
    let title = escaped(&words.say("query.paper-title"));
    let mut page = Page(format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    ));
    let certificate = &got.answer.certificate;
    let row = |key: &str, value: Shown| (words.find(key).unwrap_or_default(), value);
    page.table(&[
        row("query.kind", kind_title(words, &certificate.kind)),
        row("query.certificate", Shown::of(&certificate.number)),
        row("query.issuer", Shown::of(&certificate.issuer)),
        row("query.addressee", certificate.addressee.as_ref().map_or_else(|| words.say("query.anybody"), Shown::of)),
        row("query.issued", Shown::new(&certificate.issued.legal_text())),
        row("query.until", Shown::new(&certificate.expires.legal_text())),
        row("query.business", Shown::new(&got.business_no)),
    ]);
    page.head(&words.say("query.answers"));
    let said = three(words, &got.answer).into_iter().chain(list.map(|answer| listed(words, answer)));
    let said: Vec<_> = said.map(|(sign, label, text)| (Shown::new(sign.text()).and(&label), text)).collect();
    page.table(&said);
    fields(&mut page, words, got);
    foot(&mut page, cx, got);
    page.0
}

fn fields(page: &mut Page, words: Words, got: &Got) {
    let claims = Claims::new(&got.answer.certificate.kind, &got.answer.fields, false);
    let (mut rows, mut group) = (Vec::new(), "");
    for (next, label, value) in claims.cells(words) {
        if next != group {
            if !rows.is_empty() {
                page.table(&std::mem::take(&mut rows));
            }
            page.head(&words.find(next).unwrap_or_default());
            group = next;
        }
        rows.push((label, value));
    }
    if !rows.is_empty() {
        page.table(&rows);
    }
}

fn foot(page: &mut Page, cx: &Cx<'_>, got: &Got) {
    let authentic = &got.answer.authentic;
    let values = [
        ("request", got.request.to_string()),
        ("grant", got.answer.authorised.grant.to_string()),
        ("size", authentic.checkpoint_size.to_string()),
        ("root", authentic.checkpoint_root.to_string()),
        ("centre", cx.who.centre.to_string()),
        ("operator", cx.who.display.clone()),
        ("at", cx.now.legal_text()),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let made = escaped(&cx.words.fill("query.paper-foot", &values));
    let masked = escaped(&cx.words.say("query.paper-masked"));
    page.0 += &format!("<footer><p>{made}</p><p>{masked}</p></footer>\n</body>\n</html>\n");
}

/// The answer as evidence: the same text that the command line gives a program.
pub(super) fn evidence(got: &Got) -> String {
    let evidence = json!({ "answer": got.answer, "request": got.request, "elapsed_ms": got.elapsed_ms });
    format!("{evidence}\n")
}
