//! Uploads.

use crate::testing::{ask, assert_described_as, assert_same_shape, course, host, recorded_json, refused};
use provost_guest::prelude::*;
use serde_json::{Value, json};

fn file(changes: Value) -> Value {
    let mut file = json!({
        "component": "user", "filearea": "draft", "itemid": 0, "filepath": "/", "filename": "x.txt", "filecontent": "aGVsbG8K",
    });
    for (key, value) in changes.as_object().expect("an object") {
        file[key] = value.clone();
    }
    file
}

#[test]
fn a_file_comes_into_a_new_draft_area() {
    let host = host();
    let ada = host.person("ada");
    let parameters = file(json!({"contextlevel": "user", "instanceid": ada.person}));
    let made = ask("core_files_upload", parameters, &ada).expect("uploaded");
    let (context, item) = (host.person_context(ada.person), made["itemid"].as_u64().expect("an item"));
    assert_eq!(made["url"], format!("https://lms.example.org/draftfile.php/{context}/user/draft/{item}/x.txt"));
    let files = provost_guest::files::in_area(context, "user", "draft", item).expect("files");
    assert_eq!(host.content(&files[0].blob), Ok(b"hello\n".to_vec()));
    if let Some(recorded) = recorded_json("files_upload.json.txt") {
        assert_same_shape(&made, &recorded, "upload");
    }
    assert_described_as("core_files_upload", "files_upload.xml.txt");
    let again = file(json!({"itemid": item, "filepath": "/a b/", "filename": "ü.txt"}));
    let made = ask("core_files_upload", again.clone(), &ada).expect("uploaded");
    assert!(made["url"].as_str().is_some_and(|u| u.ends_with("/a%20b/%C3%BC.txt")), "{made}");
    assert_eq!(refused("core_files_upload", again, &ada), (ErrorKind::Refused, "fileexist".into()));
}

#[test]
fn only_ones_own_drafts_take_files() {
    let host = host();
    let (ada, ben) = (host.person("ada"), host.person("ben"));
    let id = course(&host, "bees");
    let other =
        file(json!({"component": "mod_page", "filearea": "content", "contextlevel": "course", "instanceid": id}));
    let error = ask("core_files_upload", other, &ada).expect_err("another area");
    assert_eq!(error.code, "codingerror");
    if let Some(recorded) = recorded_json("err_files_upload_badarea.json.txt") {
        assert_eq!(recorded["message"], error.message);
    }
    for foreign in [
        json!({"contextlevel": "user", "instanceid": ben.person}),
        json!({"contextid": host.person_context(ben.person)}),
    ] {
        assert_eq!(refused("core_files_upload", file(foreign), &ada).1, "nofile");
    }
    let broken = file(json!({"filecontent": "***"}));
    assert_eq!(refused("core_files_upload", broken, &ada).0, ErrorKind::Invalid);
    assert_eq!(refused("core_files_upload", file(json!({"filename": ""})), &ada).1, "invalidfilename");
}
