//! The HTML page where it is read: in a browser. It needs Chromium or Chrome, and fails where there is none.

use std::fs;
use std::process::Command;

use cargo_perfgate::model::{Outcome, Verdict};
use cargo_perfgate::report::html;
use serde_json::{Value, json};

use crate::report::samples::{self, failing, paired};

/// What the browser's page `script` says of `pages`, each in a frame of its own: the script has the `frames` and fills
/// `said`.
fn ask(pages: &[String], script: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    // What would end a script inside of one is written out.
    let sources = json!(pages).to_string().replace('<', "\\u003c");
    let harness = format!(
        "<!doctype html><meta charset=\"utf-8\"><pre id=\"said\"></pre><script>\
         const sources = {sources};\
         const loaded = sources.map((source) => new Promise((done) => {{\
           const frame = document.createElement('iframe');\
           frame.onload = () => done(frame.contentWindow);\
           frame.srcdoc = source;\
           document.body.append(frame);\
         }}));\
         Promise.all(loaded).then((frames) => {{\
           let said;\
           try {{ {script} }} catch (error) {{ said = String(error.stack); }}\
           document.getElementById('said').textContent = 'BEGIN' + encodeURIComponent(JSON.stringify(said)) + 'END';\
         }});\
         </script>"
    );
    let file = folder.path().join("harness.html");
    fs::write(&file, harness).unwrap();
    let dumped = browser(&folder.path().join("profile"), &file);
    let said = dumped.split_once("<pre id=\"said\">BEGIN").and_then(|(_, rest)| rest.split_once("END"));
    let (said, _) = said.unwrap_or_else(|| panic!("the browser said nothing: {dumped}"));
    let bytes = said.split('%').enumerate().flat_map(|(i, piece)| match i {
        0 => piece.as_bytes().to_vec(),
        _ => [&[u8::from_str_radix(&piece[..2], 16).unwrap()], &piece.as_bytes()[2..]].concat(),
    });
    serde_json::from_slice(&bytes.collect::<Vec<u8>>()).unwrap()
}

/// What a headless browser makes of `page`, as HTML.
fn browser(profile: &std::path::Path, page: &std::path::Path) -> String {
    for name in ["chromium", "chromium-browser", "google-chrome"] {
        let started = Command::new(name)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--virtual-time-budget=10000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", page.display()))
            .output();
        match started {
            Ok(done) => {
                assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
                return String::from_utf8_lossy(&done.stdout).into_owned();
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => panic!("could not start {name}: {e}"),
        }
    }
    panic!("no browser was found: install chromium");
}

/// What would run, or load something, if any of it were taken for markup.
const HOSTILE: [&str; 14] = [
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 1</script>",
    "</style><script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    "\" onmouseover=\"window.ran = 1\" autofocus onfocus=\"window.ran = 1",
    "' autofocus onfocus='window.ran = 1",
    "<svg onload='window.ran = 1'></svg>",
    "</text></svg><iframe srcdoc='<script>parent.ran = 1</script>'></iframe>",
    "</code></th></tr></table></tbody><a href='javascript:window.ran = 1'>x</a>",
    "<meta http-equiv=refresh content='0;url=javascript:window.ran = 1'>",
    "<base href='https://evil.example/'><link rel=stylesheet href=x>",
    "<!--",
    "--><object data=x></object><![CDATA[",
    "&lt;script&gt;window.ran = 1&lt;/script&gt; {{7*7}} ${7*7}",
];

#[test]
fn hostile_names_are_text_in_the_page() {
    let rows = HOSTILE.iter().enumerate().map(|(i, name)| {
        let verdict = [Verdict::Regressed, Verdict::Unchanged][i % 2];
        let mut row = failing(paired(name, verdict, 1000.0, (20.4, 1.3), 12, name));
        row.benchmark.package = (*name).to_owned();
        row.source = Some(cargo_perfgate::model::Source { file: (*name).to_owned(), line: Some(1) });
        row
    });
    let mut report = samples::report(Outcome::Failed, rows.collect());
    report.warnings = HOSTILE.map(str::to_owned).to_vec();
    report.policy.file = Some(HOSTILE[1].to_owned());
    report.tool = HOSTILE[0].to_owned();
    report.base.as_mut().unwrap().reason = HOSTILE[3].to_owned();
    let page = html::render(&report);
    // Without the policy that forbids all scripts but the page's own, nothing may run either.
    let (before, rest) = page.split_once("<meta http-equiv=\"Content-Security-Policy\"").unwrap();
    let unguarded = format!("{before}{}", rest.split_once('>').unwrap().1);
    // That the harness would see it.
    let caught = "<!doctype html><body><img><script>window.ran = 1</script></body>".to_owned();

    let said = ask(
        &[page, unguarded, caught],
        "said = frames.map((frame) => ({
           ran: frame.ran === undefined ? null : frame.ran,
           scripts: frame.document.querySelectorAll('script').length,
           foreign: frame.document.querySelectorAll(
             'img, a, iframe, object, embed, link, base, form, video, audio, [onerror], [onload], [onfocus], [style], [src], [href]'
           ).length,
           tools: frame.document.querySelectorAll('.tools').length,
           names: [...frame.document.querySelectorAll('tbody th code')].map((code) => code.textContent),
         }));",
    );
    for page in &said.as_array().unwrap()[..2] {
        assert_eq!(
            [&page["ran"], &page["scripts"], &page["foreign"], &page["tools"]],
            [&json!(null), &json!(1), &json!(0), &json!(1)]
        );
        let names: Vec<&str> = page["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(names.len(), HOSTILE.len());
        assert!(HOSTILE.iter().all(|name| names.iter().any(|shown| shown.contains(name))), "{names:?}");
    }
    assert_eq!([&said[2]["ran"], &said[2]["foreign"]], [&json!(1), &json!(1)]);
}

#[test]
fn rows_are_filtered_and_sorted() {
    let said = ask(
        &[html::render(&samples::failed())],
        "const page = frames[0].document;
         const rows = page.getElementById('rows'), unchanged = page.getElementById('unchanged');
         const name = (row) => row.querySelector('th code').textContent;
         const shown = () => [...rows.tBodies].filter((row) => !row.hidden).map(name);
         const folded = () => [...unchanged.tBodies[0].rows].filter((row) => !row.hidden).map(name);
         const input = page.querySelector('input');
         const type = (text) => { input.value = text; input.dispatchEvent(new frames[0].Event('input')); };
         const press = (table, column) => { table.tHead.rows[0].cells[column].querySelector('button').click(); return shown(); };
         const details = page.querySelector('details');
         said = { at_first: shown(), open: [details.open] };
         type('PARSE/');
         said.filtered = shown(); said.told = page.querySelector('output').textContent; said.open.push(details.open);
         type('tokens/3'); said.folded = folded(); said.open.push(details.open);
         type('');
         const pill = page.querySelector('[data-verdict=regressed] button');
         pill.click(); said.without = shown(); pill.click();
         said.ascending = press(rows, 3); said.descending = press(rows, 3); said.as_reported = press(rows, 3);
         said.by_name = press(rows, 0);
         press(unchanged, 1); said.by_base = folded().slice(0, 3);
         said.beneath = rows.tBodies[0].rows.length;",
    );
    let reported = json!([
        "parse/large",
        "emit/small",
        "parse/config",
        "emit/unicode",
        "emit/legacy",
        "io/fsync",
        "parse/small",
        "emit/pretty",
        "lex/keywords"
    ]);
    assert_eq!(said["at_first"], reported, "{said}");
    assert_eq!(said["filtered"], json!(["parse/large", "parse/config", "parse/small"]));
    assert_eq!(said["told"], "3 of 66 rows found");
    assert_eq!(said["open"], json!([false, false, true]));
    assert_eq!(said["folded"].as_array().unwrap().len(), 11, "3 and 30 to 39");
    let without: Vec<&Value> = reported.as_array().unwrap().iter().skip(2).collect();
    assert_eq!(said["without"], json!(without));
    assert_eq!(
        said["ascending"],
        json!([
            "parse/small",
            "lex/keywords",
            "emit/small",
            "io/fsync",
            "parse/large",
            "parse/config",
            "emit/unicode",
            "emit/legacy",
            "emit/pretty"
        ])
    );
    assert_eq!(
        said["descending"],
        json!([
            "parse/config",
            "parse/large",
            "io/fsync",
            "emit/small",
            "lex/keywords",
            "parse/small",
            "emit/unicode",
            "emit/legacy",
            "emit/pretty"
        ])
    );
    assert_eq!(said["as_reported"], reported);
    let mut sorted: Vec<&str> = reported.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    sorted.sort();
    assert_eq!(said["by_name"], json!(sorted));
    // By nanoseconds, and not by the number before `ns` or `µs`.
    assert_eq!(said["by_base"], json!(["lex/tokens/30", "lex/tokens/0", "lex/tokens/1"]));
    assert_eq!(said["beneath"], 2, "what stands under a row moves with it");
}

#[test]
fn a_long_table_is_shown_piece_by_piece() {
    let row =
        |i: u32| failing(paired(&format!("r{i:03}"), Verdict::Regressed, f64::from(i), (20.4, 1.3), 12, "slower"));
    let report = samples::report(Outcome::Failed, (1..=400).map(row).collect());
    let said = ask(
        &[html::render(&report)],
        "const page = frames[0].document, rows = page.getElementById('rows');
         const shown = () => [...rows.tBodies].filter((row) => row.getClientRects().length > 0).map((row) =>
           row.querySelector('th code').textContent);
         const input = page.querySelector('input'), foot = page.querySelector('.more-rows'), more = foot.querySelector('button');
         const type = (text) => { input.value = text; input.dispatchEvent(new frames[0].Event('input')); };
         const state = () => { const names = shown(); return [names.length, names[0], names.at(-1), foot.hidden]; };
         said = { told: more.textContent, at_first: state() };
         type('r39'); said.beyond = state(); type('');
         const base = rows.tHead.rows[0].cells[1].querySelector('button');
         base.click(); base.click(); said.descending = state();
         const fire = (event) => { frames[0].dispatchEvent(new frames[0].Event(event)); return state(); };
         base.click(); said.printed = fire('beforeprint'); said.after = fire('afterprint');
         more.click(); said.all = state(); said.focus = page.activeElement.querySelector('th code').textContent;",
    );
    assert_eq!(said["told"], "show all 400 rows", "{said}");
    assert_eq!(said["at_first"], json!([300, "r001", "r300", false]));
    assert_eq!(said["beyond"], json!([10, "r390", "r399", true]));
    assert_eq!(said["descending"], json!([300, "r400", "r101", false]));
    assert_eq!(said["printed"], json!([400, "r001", "r400", true]));
    assert_eq!(said["after"], json!([300, "r001", "r300", false]));
    assert_eq!(said["all"], json!([400, "r001", "r400", true]));
    assert_eq!(said["focus"], "r301");
}
