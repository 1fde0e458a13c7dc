//! Text from outside cannot become part of a report's structure, nor make a report grow.

use crate::outside::{assert_junit, xmllint, xpath};
use crate::runs;
use crate::spoiled::spoiled;
use pgrehearse_verdict::report::{Run, html, json, junit, summary, terminal};

/// Everything we could think of that ends, begins or hides something in one of the formats.
const HOSTILE: &str = "<script>alert(1)</script><!-- ]]> <![CDATA[ --> &amp; &#60;b&#62; &lt; \
    \" ' ` | \\| [x](javascript:1) **b** <b onload=x> {{ 7 * 7 }} {% if %} [[ATTACHMENT|/etc/x]] \
    \0 \u{1} \u{8} \u{b} \u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} \u{1b}]8;;never ends \u{9b}2J \
    \u{7f} \u{85} \u{202e}txet\u{202c} \u{2066}x\u{2069} \u{200f} \u{feff} \u{fffe} \u{ffff} \
    \r\n# heading\n| a | b |\n::error::x\r\r</td></table></style></svg></title>é 🐘";

/// The names of all tags in the order in which they stand; CDATA is passed over. What stands in
/// `text` must be well-formed, so that every `<` outside of CDATA begins a tag.
fn tags(text: &str) -> Vec<String> {
    let mut names = vec![];
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(inside) = rest.strip_prefix("<![CDATA[") {
            rest = &inside[inside.find("]]>").expect("CDATA ends")..];
            continue;
        }
        let end = rest.find('>').expect("a tag ends");
        names.push(rest[..end].split_whitespace().next().unwrap_or_default().to_owned());
        rest = &rest[end..];
    }
    names
}

fn assert_well_formed(text: &str) {
    if let Err(said) = xmllint(text, &["--nonet", "--noout"]) {
        panic!("not well-formed: {said}");
    }
}

/// Neither a control character nor one that reorders a line; line feeds are ours.
fn assert_plain(name: &str, text: &str) {
    let shown = |c: char| match c {
        '\n' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => false,
        '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    };
    if let Some(at) = text.find(|c| !shown(c)) {
        panic!("{name}: {:?}", text[..at].chars().rev().take(80).collect::<String>());
    }
}

#[test]
fn hostile_text_becomes_no_element_of_junit() {
    let xml = junit(&spoiled(&runs::every(), HOSTILE));
    assert_junit(&xml);
    assert_plain("junit", &xml);
    let harmless = junit(&spoiled(&runs::every(), "x"));
    // A section is split where its text would end it: that makes no element.
    assert_eq!(tags(&xml), tags(&harmless));
    assert_eq!(xpath(&xml, "count(//@*)"), xpath(&harmless, "count(//@*)"));
    assert!(xpath(&xml, "string(//testcase[@name='verdict']/failure)").contains("]]>"));
    assert!(!xml.contains("[[ATTACHMENT"));
}

#[test]
fn hostile_text_becomes_no_element_of_the_page() {
    let page = html(&spoiled(&runs::every(), HOSTILE));
    assert_well_formed(&page);
    assert_plain("html", &page);
    let harmless = html(&spoiled(&runs::every(), "x"));
    assert_eq!(tags(&page), tags(&harmless));
    for never in ["<script", "<b onload", "49", "javascript:1\"", "[31m"] {
        let (hostile, harmless) = (page.matches(never).count(), harmless.matches(never).count());
        assert_eq!(hostile, harmless, "{never}");
    }
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"));
}

#[test]
fn hostile_text_becomes_no_structure_of_the_summary() {
    let page = summary(&spoiled(&runs::every(), HOSTILE));
    assert_plain("summary", &page);
    let harmless = summary(&spoiled(&runs::every(), "x"));
    let starts = |page: &str| -> Vec<String> {
        page.lines().map(|line| line.chars().take(4).collect()).collect()
    };
    assert_eq!(starts(&page), starts(&harmless));
    let cells = |page: &str| -> Vec<usize> {
        page.lines().map(|line| line.replace("\\|", "").matches('|').count()).collect()
    };
    assert_eq!(cells(&page), cells(&harmless));
    assert!(!page.replace("\\<", "").contains('<'), "{page}");
}

#[test]
fn hostile_text_cannot_speak_to_a_terminal() {
    let run = spoiled(&runs::every(), HOSTILE);
    let harmless = spoiled(&runs::every(), "x");
    let page = terminal(&run, false, HOSTILE);
    assert_plain("terminal", &page);
    assert_eq!(page.lines().count(), terminal(&harmless, false, "x").lines().count());
    // In colour there are our own escapes and no others, and without them it is the same text.
    let mut coloured = terminal(&run, true, HOSTILE);
    for own in ["\u{1b}[1m", "\u{1b}[1;31m", "\u{1b}[1;32m", "\u{1b}[1;33m", "\u{1b}[0m"] {
        assert!(coloured.contains(own), "{own:?}");
        coloured = coloured.replace(own, "");
    }
    assert_eq!(coloured, page);
}

#[test]
fn hostile_text_is_kept_as_it_was_for_programs() {
    let run = spoiled(&runs::every(), HOSTILE);
    let read: Run = serde_json::from_str(&json(&run)).expect("our own JSON is read");
    assert_eq!(read, run);
}

#[test]
fn long_lines_everywhere_do_not_make_a_report_grow() {
    for line in ["x".repeat(1 << 16), "\u{0}".repeat(1 << 16), "🐘\n".repeat(1 << 14)] {
        let run = spoiled(&runs::every(), &line);
        let xml = junit(&run);
        assert_junit(&xml);
        let page = html(&run);
        assert_well_formed(&page);
        let text = json(&run);
        serde_json::from_str::<Run>(&text).expect("our own JSON is read");
        assert!(page.len() < 2 << 20, "html: {}", page.len());
        assert!(xml.len() < 2 << 20, "junit: {}", xml.len());
        // A character that JSON escapes takes six.
        assert!(text.len() < 64 << 20, "json: {}", text.len());
        assert!(summary(&run).len() < 1 << 18, "summary: {}", summary(&run).len());
        assert!(terminal(&run, true, &line).len() < 1 << 16);
    }
}

#[test]
fn one_enormous_line_leaves_its_ends_and_its_length() {
    let mut drill = runs::failed();
    let line = format!("begins{}ends", "x".repeat(32 << 20));
    let cut = "bytes left out";
    drill.judgement.because = line.clone();
    drill.judgement.findings[0].said = line.clone();
    drill.judgement.findings[0].details = vec![line.clone()];
    drill.timeline.push((50.0, line));
    let run = runs::run(vec![drill], 1);
    for report in [junit(&run), html(&run), summary(&run), terminal(&run, false, "r")] {
        assert!(report.len() < 1 << 18, "{}", report.len());
        assert!(report.contains("begins") && report.contains("ends") && report.contains(cut));
    }
    let text = json(&run);
    assert!(
        text.len() < 1 << 18
            && text.contains(&format!(" … {} {cut}", (32 << 20) + 10 - (16 << 10)))
    );
}

#[test]
fn ten_thousand_drills_are_still_a_summary() {
    let drills = std::iter::repeat_with(runs::failed).take(10_000).collect();
    let page = summary(&runs::run(drills, 1));
    assert!(page.len() < 1 << 20, "{}", page.len());
    assert!(page.starts_with("## failed: 10000 drills: 10000 failed"));
    assert!(page.trim_end().ends_with("lines left out: see report.html"));
}

#[test]
fn many_findings_are_counted_and_not_all_shown() {
    let mut drill = runs::failed();
    let lost = drill.judgement.findings.iter().find(|f| f.code == "lost_acked").cloned();
    let mut lost = lost.expect("the drill has lost something");
    lost.details = (0..100_000).map(|n| format!("transaction {n}")).collect();
    drill.judgement.findings.extend(std::iter::repeat_n(lost, 2_000).map(|mut finding| {
        finding.details.truncate(30);
        finding
    }));
    drill.timeline = (0..100_000).map(|n| (f64::from(n), "again".to_owned())).collect();
    let run = runs::run(vec![drill], 1);
    assert!(html(&run).len() < 1 << 20);
    assert!(junit(&run).len() < 1 << 20);
    assert!(summary(&run).len() < 1 << 16);
    let text = terminal(&run, false, "reports/x");
    assert!(text.lines().count() < 120, "{text}");
    assert!(text.contains("… and 1991 more findings"), "{text}");
}
