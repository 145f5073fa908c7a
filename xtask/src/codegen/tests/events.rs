//! Events: what of them is refused, and what is written.

use super::FAMILY;
use crate::codegen::events::{self, Event};
use crate::codegen::model::Generation;
use crate::codegen::{facts, parse, rust};

const EVENTS: &str = r#"
[[event]]
word = "LINK.OPENED"
label = "短链接打开通知"
doc = "A link was opened"
page = "https://pay.weixin.qq.com/doc/v3/merchant/2"

[[event]]
word = "LINKSTATE.CHANGE"
rust = "LinkStateChange"
label = "短链接状态通知"
doc = "A link changed its state"
page = "https://pay.weixin.qq.com/doc/v3/merchant/3"
"#;

const LINK: &str = "doc = \"A short link.\"\n";

fn known() -> Vec<Event> {
    events::parse(EVENTS).unwrap()
}

fn told(by: &str) -> String {
    FAMILY.replace(LINK, &format!("{LINK}notification = {by}\n"))
}

fn complaint(text: &str) -> String {
    let families = [parse(Generation::V3, "links", text).unwrap()];
    let error = events::check(&families, &known()).expect_err("a contradiction");
    format!("{error:#}")
}

#[test]
fn a_shape_belongs_to_events_that_are_known() {
    assert_eq!(
        complaint(&told("[\"LINK.OPENED\", \"LINK.BURNT\"]")),
        "links.toml: shape Link: there is no event `LINK.BURNT` in tables/events.toml"
    );
    assert_eq!(
        complaint(&told("[\"LINK.OPENED\", \"LINK.OPENED\"]")),
        "links.toml: shape Link: `LINK.OPENED` stands there twice"
    );
}

#[test]
fn the_table_holds_together() {
    for (broken, expected) in [
        (
            EVENTS.replace("LINKSTATE.CHANGE", "LINK.OPENED"),
            "event LINK.OPENED: it stands there twice",
        ),
        (
            EVENTS.replace("LinkStateChange", "LinkOpened"),
            "event LINKSTATE.CHANGE: there is another `LinkOpened`",
        ),
        (
            EVENTS.replace("LinkStateChange", "LinkstateChange"),
            "event LINKSTATE.CHANGE: `rust` says what it would be anyway",
        ),
        (
            EVENTS.replace("LinkStateChange", "Unknown"),
            "event LINKSTATE.CHANGE: `Unknown` is no variant's name",
        ),
        (
            EVENTS.replace("短链接打开通知", " "),
            "event LINK.OPENED: no label",
        ),
        (
            EVENTS.replace("https://pay.weixin.qq.com/doc/v3/merchant/3", "page 3"),
            "event LINKSTATE.CHANGE: `page` is no official page",
        ),
    ] {
        let error = events::parse(&broken).expect_err("a contradiction");
        assert_eq!(format!("{error:#}"), expected);
    }
}

#[test]
fn the_events_have_their_types() {
    let families = [parse(Generation::V3, "links", &told("[\"LINK.OPENED\"]")).unwrap()];
    let known = known();
    events::check(&families, &known).unwrap();
    let (path, text) = rust::events(&families, &known);
    assert_eq!(path, "../notification/events.rs");
    for expected in [
        "LinkOpened = \"LINK.OPENED\",",
        "/// Read as `links::Link`.",
        "LinkStateChange = \"LINKSTATE.CHANGE\",",
        "read it with `Notification::json`.",
        "DESCRIPTIONS: [(&str, &str); 2]",
    ] {
        assert!(text.contains(expected), "`{expected}` is not in\n{text}");
    }
    let facts = facts::notifications(&families).unwrap();
    assert!(
        facts.contains(r#""events":["LINK.OPENED"],"name":"links::Link""#),
        "{facts}"
    );
}

#[test]
fn what_is_encrypted_is_decrypted() {
    let text = told("[\"LINK.OPENED\"]");
    let plain = written(&text);
    assert!(
        plain.contains("impl NotificationContent for Link")
            && plain.contains("&[\"LINK.OPENED\"]")
            && plain.contains("plaintext.json()\n"),
        "{plain}"
    );
    let (before, after) = text.split_once("name = \"url\", ").unwrap();
    let secret = written(&format!(
        "{before}name = \"url\", sensitive = \"encrypted\", {after}"
    ));
    assert!(
        secret.contains("content.decrypt(plaintext.decryptor())?;"),
        "{secret}"
    );
    assert!(!written(FAMILY).contains("NotificationContent"));
}

/// Everything that is written for a family.
fn written(text: &str) -> String {
    let families = [parse(Generation::V3, "links", text).unwrap()];
    let files = rust::write(&families).into_iter();
    files.map(|(_, text)| text).collect()
}
