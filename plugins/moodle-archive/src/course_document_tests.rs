use super::*;
use crate::testing;

const SMALL: &str = "<?xml version=\"1.0\"?>\n<course id=\"7\" contextid=\"70\">\n  <shortname>s</shortname>\n  <summary>&lt;p&gt;A&lt;/p&gt;</summary>\n  \
    <format>topics</format>\n  <newsitems>5</newsitems>\n  <theme/>\n  <timemodified>9</timemodified>\n  <pdfexportfont>$@NULL@$</pdfexportfont>\n  \
    <category id=\"1\">\n    <name>c</name>\n  </category>\n  <tags>\n    <tag id=\"5\">\n      <name>alpha</name>\n      <rawname>Alpha</rawname>\n    </tag>\n  </tags>\n  \
    <customfields>\n    <customfield id=\"3\">\n      <shortname>room</shortname>\n      <type>text</type>\n      <value>B 12</value>\n      <valueformat>0</valueformat>\n    </customfield>\n  </customfields>\n  \
    <courseformatoptions>\n    <courseformatoption>\n      <format>topics</format>\n      <sectionid>0</sectionid>\n      <name>hiddensections</name>\n      <value>1</value>\n    </courseformatoption>\n    \
    <courseformatoption>\n      <format>topics</format>\n      <sectionid>4</sectionid>\n      <name>hiddensections</name>\n      <value>8</value>\n    </courseformatoption>\n    \
    <courseformatoption>\n      <format>weeks</format>\n      <sectionid>0</sectionid>\n      <name>coursedisplay</name>\n      <value>0</value>\n    </courseformatoption>\n  </courseformatoptions>\n  \
    <plugin_x/>\n</course>\n";

/// The document after a change of what was read from it.
fn changed(document: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut extra: Value = serde_json::from_str(&read(document.as_bytes(), "{}").unwrap()).unwrap();
    change(&mut extra);
    let document = write(document.as_bytes().to_vec(), &extra.to_string(), "topics").unwrap();
    // What was written is what was meant.
    let again: Value = serde_json::from_str(&read(&document, "{}").unwrap()).unwrap();
    for (name, value) in extra["details"].as_object().unwrap() {
        if details::ELEMENTS.contains(&name.as_str()) {
            assert_eq!(again["details"][name], *value, "{name}");
        }
    }
    for key in ["formatoptions", "tags"] {
        assert_eq!(again[key], extra[key]);
    }
    String::from_utf8(document).unwrap()
}

#[test]
fn what_is_no_column_is_read() {
    let extra: Value = serde_json::from_str(&read(SMALL.as_bytes(), r#"{"moodle_release":"4.5"}"#).unwrap()).unwrap();
    assert_eq!(
        extra,
        json!({
            "moodle_release": "4.5",
            "details": { "summary": "<p>A</p>", "newsitems": "5", "theme": "", "pdfexportfont": null },
            "formatoptions": [{ "name": "hiddensections", "value": "1" }],
            "customfields": [{ "shortname": "room", "type": "text", "value": "B 12", "valueformat": "0", "name": "room" }],
            "tags": ["Alpha"],
        })
    );
}

#[test]
fn what_is_as_it_was_changes_nothing() {
    assert_eq!(changed(SMALL, |_| {}), SMALL);
    for extra in ["{}", "", "no JSON", r#"{"details":{"timemodified":"99","shortname":"x"}}"#] {
        assert_eq!(write(SMALL.as_bytes().to_vec(), extra, "topics").unwrap(), SMALL.as_bytes(), "{extra}");
    }
    // Whatever is there twice stays so.
    let twice =
        SMALL.replace("  <category", "  <theme>x</theme>\n  <category").replace("<sectionid>4<", "<sectionid>0<");
    let twice = twice.replace("  </tags>", "    <tag id=\"5\">\n      <rawname>Alpha</rawname>\n    </tag>\n  </tags>");
    assert_eq!(changed(&twice, |_| {}), twice);
    let Some(archive) = testing::archive("small_test_users1.tgz.mbz") else { return };
    let document = &archive["course/course.xml"];
    let extra = read(document, "{}").unwrap();
    assert_eq!(write(document.clone(), &extra, "topics").unwrap(), *document);
    let read: Value = serde_json::from_str(&extra).unwrap();
    assert_eq!(read["details"]["summaryformat"], "1");
    assert_eq!(read["tags"], json!(["alpha", "βeta"]));
    assert_eq!(read["formatoptions"].as_array().unwrap().len(), 2);
}

#[test]
fn changed_scalars_are_written() {
    let now = changed(SMALL, |extra| {
        extra["details"]["summary"] = json!("B & C");
        extra["details"]["theme"] = json!("boost");
        extra["details"]["pdfexportfont"] = json!("x");
        extra["details"]["newsitems"] = json!(null);
    });
    let expected = SMALL
        .replace("&lt;p&gt;A&lt;/p&gt;", "B &amp; C")
        .replace("<theme/>", "<theme>boost</theme>")
        .replace("<newsitems>5<", "<newsitems>$@NULL@$<")
        .replace("<pdfexportfont>$@NULL@$<", "<pdfexportfont>x<");
    assert_eq!(now, expected);
}

#[test]
fn a_missing_scalar_comes_where_moodle_has_it() {
    let now = changed(SMALL, |extra| {
        extra["details"]["lang"] = json!("de");
        extra["details"]["enablecompletion"] = json!("1");
        extra["details"]["unheard_of"] = json!("1");
    });
    let expected = SMALL
        .replace("  <theme/>", "  <lang>de</lang>\n  <theme/>")
        .replace("  <category id", "  <enablecompletion>1</enablecompletion>\n  <category id");
    assert_eq!(now, expected);
    assert_eq!(
        write(b"<course></course>".to_vec(), r#"{"details":{"lang":null}}"#, "topics").unwrap(),
        b"<course>\n  <lang>$@NULL@$</lang></course>"
    );
}

#[test]
fn options_of_the_format_are_written() {
    let now = changed(SMALL, |extra| {
        extra["formatoptions"] =
            json!([{ "name": "hiddensections", "value": "0" }, { "name": "coursedisplay", "value": "1" }]);
    });
    let new = "\n    <courseformatoption>\n      <format>topics</format>\n      <sectionid>0</sectionid>\n      <name>coursedisplay</name>\n      <value>1</value>\n    </courseformatoption>\n  </courseformatoptions>";
    assert_eq!(now, SMALL.replace("<value>1<", "<value>0<").replace("\n  </courseformatoptions>", new));
    let bare = "<course id=\"1\"><format>topics</format></course>";
    let now = changed(bare, |extra| extra["formatoptions"] = json!([{ "name": "a", "value": "<" }]));
    assert!(now.contains("<name>a</name>\n      <value>&lt;</value>"), "{now}");
}

#[test]
fn custom_fields_and_tags_are_written() {
    let now = changed(SMALL, |extra| {
        extra["customfields"][0]["value"] = json!("C 1");
        extra["customfields"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "shortname": "x", "type": "textarea", "value": "<p>" }));
        extra["tags"] = json!(["Beta", "Alpha"]);
    });
    assert!(now.contains("<shortname>room</shortname>\n      <type>text</type>\n      <value>C 1</value>"), "{now}");
    assert!(now.contains("<customfield id=\"4\">\n      <shortname>x</shortname>\n      <type>textarea</type>\n      <value>&lt;p&gt;</value>"), "{now}");
    assert!(now.contains("  <tags>\n    <tag id=\"6\">\n      <name>beta</name>\n      <rawname>Beta</rawname>\n    </tag>\n    <tag id=\"5\">"), "{now}");
    let none = changed(SMALL, |extra| {
        extra["customfields"] = json!([]);
        extra["tags"] = json!([]);
    });
    assert!(none.contains("<tags>\n  </tags>\n  <customfields>\n  </customfields>\n  <courseformatoptions>"), "{none}");
}
