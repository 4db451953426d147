//! What a course shows, over the network: every address in it that names a file downloads, for who may see it.

use provost_tests::live::{Site, get, text};
use provost_tests::sample;
use serde_json::Value;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// The files that a course's contents name: module, file name, size, address.
fn files(contents: &Value) -> Vec<(String, String, u64, String)> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut files = Vec::new();
    for section in contents.as_array().expect("sections") {
        for module in list(section, "modules") {
            for file in list(&module, "contents").iter().filter(|file| file["type"] == "file") {
                let size = file["filesize"].as_u64().expect("a size");
                files.push((text(&module["modname"]), text(&file["filename"]), size, text(&file["fileurl"])));
            }
        }
    }
    files
}

fn with_token(url: &str, token: &str) -> String {
    format!("{url}{}token={token}", if url.contains('?') { '&' } else { '?' })
}

#[test]
fn every_file_of_a_course_downloads() {
    let site = Site::new(PROVOST);
    let course = site.import(&sample::packed_file()).to_string();
    site.ok(&["user", "create", "kim"]);
    site.ok(&["user", "create", "stranger"]);
    site.ok(&["course", "enrol", &course, "kim"]);
    let (admin, kim, stranger) = (site.token("admin"), site.token("kim"), site.token("stranger"));
    let server = site.serve(&[]);
    let contents = server.rest(&admin).call("core_course_get_contents", &[("courseid", &course)]);
    let named = files(&contents);
    let modules: Vec<&str> = named.iter().map(|(module, ..)| module.as_str()).collect();
    for module in ["resource", "folder", "page", "book"] {
        assert!(modules.contains(&module), "{modules:?}");
    }
    for (module, name, size, url) in &named {
        let reply = get(&with_token(url, &admin), &[]);
        assert_eq!(reply.status, 200, "{module} {name} {url}: {}", reply.text());
        assert!(*size == 0 || reply.body.len() as u64 == *size, "{module} {name}: {} bytes", reply.body.len());
        if name == "index.html" && *size == 0 {
            assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{module}");
            assert!(reply.text().contains("</html>"), "{module}: {}", reply.text());
        }
        let refused = get(&with_token(url, &stranger), &[]).json();
        assert_eq!(refused["errorcode"], "requireloginerror", "{module} {name}");
        let by_header = get(url, &[("Authorization", &format!("Bearer {admin}"))]);
        assert_eq!(by_header.body, reply.body, "{module} {name}");
    }

    // What a student is shown downloads for them, and what they are not shown does not.
    let shown = files(&server.rest(&kim).call("core_course_get_contents", &[("courseid", &course)]));
    assert!(!shown.is_empty());
    for (module, name, _, url) in &named {
        let reply = get(&with_token(url, &kim), &[]);
        if shown.iter().any(|(.., same)| same == url) {
            assert_eq!(reply.status, 200, "{module} {name}: {}", reply.text());
            assert!(reply.header("etag").is_some(), "{module} {name}: {}", reply.text());
        } else {
            assert!(reply.header("etag").is_none(), "{module} {name} is not shown, and yet sent");
        }
    }

    // Addresses with a key in place of a token, as they stand in pages.
    let key = text(&server.rest(&kim).call("core_webservice_get_site_info", &[])["userprivateaccesskey"]);
    let (.., url) = shown.first().expect("a file");
    let by_key = url.replace("/webservice/pluginfile.php/", &format!("/tokenpluginfile.php/{key}/"));
    assert_eq!(get(&by_key, &[]).body, get(&with_token(url, &kim), &[]).body);
    let wrong = url.replace("/webservice/pluginfile.php/", "/tokenpluginfile.php/0123456789abcdef0123456789abcdef/");
    assert!(get(&wrong, &[]).header("etag").is_none());

    // Icons are there, too.
    let icon = contents[0]["modules"][0]["modicon"].as_str().or(contents[1]["modules"][0]["modicon"].as_str());
    let icon = get(icon.expect("a module"), &[]);
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
}
