//! A live Provost in which things of the recorded names exist.

use super::answer::{Node, Syntax, parse_body};
use super::read::{Body, Request, Response};
use crate::live::{Reply, Rest, Server, Site, send_bytes};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The password of the recorded administrator.
pub const PASSWORD: &str = "Admin.123";
/// People as the recordings name their tokens.
const PEOPLE: &[(&str, &str)] =
    &[("TOKEN_ADMIN", "admin"), ("TOKEN_STUDENT", "small_test_u3"), ("TOKEN_TEACHER", "small_test_u1")];
/// The service of the recorded tokens.
const SERVICE: &str = "oracle";
/// What the service offered, as far as it is offered here.
const FUNCTIONS: &[&str] = &[
    "core_webservice_get_site_info",
    "core_course_get_courses",
    "core_course_get_courses_by_field",
    "core_course_get_contents",
    "core_course_duplicate_course",
    "core_course_import_course",
    "core_backup_get_async_backup_progress",
    "core_backup_get_async_backup_links_backup",
    "core_backup_get_async_backup_links_restore",
    "core_backup_submit_copy_form",
    "core_backup_get_copy_progress",
    "core_course_delete_courses",
    "core_course_create_courses",
    "core_course_update_courses",
    "core_files_upload",
    "core_files_get_files",
    "core_enrol_get_enrolled_users",
    "core_enrol_get_users_courses",
    "core_course_get_categories",
    "core_course_get_course_module",
    "core_files_delete_draft_files",
    "core_get_string",
];
/// What the site said of itself.
const SETTINGS: &[&str] = &["site-shortname=oracle", "release=4.5.6 (Build: 20250811)", "version=\"2024100706\""];
/// A function of Provost's that the service has not, in the place of one of Moodle's.
const NOT_IN_SERVICE: (&str, &str) = ("core_user_get_users", "core_course_backup_async");
/// Headers that say something of the answer.
const HEADERS: &[&str] = &[
    "content-type",
    "cache-control",
    "expires",
    "pragma",
    "accept-ranges",
    "access-control-allow-origin",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "content-disposition",
    "content-security-policy",
    "etag",
    "last-modified",
];

/// A store with the recorded courses and people, served.
pub struct World {
    /// The server.
    pub server: Server,
    /// The store.
    pub site: Site,
    /// Calls any function as administrator.
    pub rest: Rest,
    /// What stands for recorded ids: kind and theirs, ours.
    stand_in: BTreeMap<(&'static str, String), String>,
}

impl World {
    /// Imports the courses from the fixtures' folder of archives and starts a server.
    pub fn new(binary: &str, archives: &Path, options: &[&str]) -> Self {
        let site = Site::warm(binary);
        let import = |archive: &str, names: &[&str]| -> String {
            let path = archives.join(archive);
            let mut command: Vec<PathBuf> = vec!["course".into(), "import".into(), path];
            command.extend(names.iter().map(PathBuf::from));
            site.ok(&command).trim().to_owned()
        };
        let mut stand_in = BTreeMap::new();
        let mut course = |theirs: &str, ours: String| {
            let context = site.json(&["course", "show", &ours])["contextid"].to_string();
            stand_in.insert(("course", theirs.to_owned()), ours);
            context
        };
        course("2", import("gen_XS_users1.tgz.mbz", &["--shortname", "gen_XS"]));
        let of_large = course("4", import("gen_S_users1.tgz.mbz", &["--shortname", "gen_S"]));
        let of_small = course("7", import("small_test_users1.tgz.mbz", &["--shortname", "small_test"]));
        let copy = "Small test – Kurs für «Öl» & more 日本語 copy 2";
        course("10", import("small_test_users1.tgz.mbz", &["--shortname", "small_test_2", "--fullname", copy]));
        stand_in.insert(("context", "182".to_owned()), of_large);
        stand_in.insert(("context", "1454".to_owned()), of_small);
        let mut configure = vec!["plugin", "configure", "moodle-services"];
        configure.extend(SETTINGS);
        site.ok(&configure);
        make_service(&site);
        for (theirs, name) in PEOPLE {
            let token = site.ok(&["token", "create", "--user", name, "--service", SERVICE]);
            stand_in.insert(("token", (*theirs).to_owned()), token.trim_end().to_owned());
        }
        stand_in.insert(("function", NOT_IN_SERVICE.0.to_owned()), NOT_IN_SERVICE.1.to_owned());
        let admin = site.json(&["user", "show", "admin"])["id"].to_string();
        stand_in.insert(("user", "2".to_owned()), admin);
        let rest_token = site.token("admin");
        let server = site.serve(options);
        let rest = server.rest(&rest_token);
        // The recorded course is a copy, which has no id number, as another course has it.
        let copy = stand_in[&("course", "10".to_owned())].clone();
        rest.call("core_course_update_courses", &[("courses[0][id]", &copy), ("courses[0][idnumber]", "")]);
        Self { server, site, rest, stand_in }
    }

    /// Says what stands for a recorded id.
    pub fn set(&mut self, kind: &'static str, theirs: &str, ours: &str) {
        self.stand_in.insert((kind, theirs.to_owned()), ours.to_owned());
    }

    /// What stands for a recorded id; itself where nothing does.
    pub fn ours(&self, kind: &'static str, theirs: &str) -> String {
        self.stand_in.get(&(kind, theirs.to_owned())).cloned().unwrap_or_else(|| theirs.to_owned())
    }

    /// Whether a function is unknown here (moodle-webservices.md 1.7).
    pub fn lacks(&self, function: &str) -> bool {
        let answer: Value = self.rest.json(function, &[]);
        answer["errorcode"] == "invalidrecord" && answer["message"].to_string().contains("external_functions")
    }

    /// Asks what was recorded, of this server.
    pub fn ask(&self, request: &Request) -> Response {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut target = self.path(path);
        if !query.is_empty() {
            target += "?";
            target += &self.form(query);
        }
        let mut bytes =
            format!("{} {target} HTTP/1.1\r\nHost: {}\r\n", request.method, self.server.address).into_bytes();
        bytes.extend(b"User-Agent: curl/7.88.1\r\nAccept: */*\r\nConnection: close\r\n");
        for (name, value) in &request.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        let body = match &request.body {
            Body::None => None,
            Body::Text(text) if text.starts_with(['{', '[']) => Some(text.clone().into_bytes()),
            Body::Text(text) => Some(self.form(text).into_bytes()),
            Body::Multipart { fields, files } => {
                bytes.extend(b"Content-Type: multipart/form-data; boundary=------------------------5f1c2d\r\n");
                Some(self.multipart(fields, files))
            }
        };
        if let Some(body) = body {
            bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
            bytes.extend(body);
        } else {
            bytes.extend(b"\r\n");
        }
        let Reply { status, headers, body } = send_bytes(&self.server.address, &bytes);
        Response { status, headers, body }
    }

    /// A path, with the id of the context in it replaced.
    fn path(&self, path: &str) -> String {
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        if let Some(at) = parts.iter().position(|part| part == "pluginfile.php")
            && let Some(context) = parts.get_mut(at + 1)
        {
            *context = self.ours("context", context);
        }
        parts.join("/")
    }

    /// A form or query, with ids and tokens in it replaced and the rest as it was written.
    fn form(&self, text: &str) -> String {
        let pairs: Vec<(&str, &str)> = text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        let replaced = pairs.iter().map(|(key, value)| format!("{key}={}", self.value(key, value, &pairs)));
        replaced.collect::<Vec<_>>().join("&")
    }

    fn value(&self, key: &str, value: &str, pairs: &[(&str, &str)]) -> String {
        let level = pairs.iter().find(|(k, _)| *k == "contextlevel").map(|(_, v)| *v);
        let kind = match key {
            "wstoken" | "token" => "token",
            "courseid" | "courseid[]" | "courseids[0]" | "options[ids][0]" => "course",
            "contextid" => "context",
            "instanceid" if level == Some("user") => "user",
            "instanceid" => "course",
            "wsfunction" => "function",
            "service" => "service",
            key if key.starts_with("backupids[") => "job",
            key if key.starts_with("copies[") && key.ends_with("id]") => "job",
            _ => return value.to_owned(),
        };
        self.ours(kind, value)
    }

    fn multipart(&self, fields: &[(String, String)], files: &[(String, String)]) -> Vec<u8> {
        const BOUNDARY: &str = "--------------------------5f1c2d";
        let mut body = Vec::new();
        for (name, text) in fields {
            let text = self.value(name, text, &[]);
            body.extend(
                format!("{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes(),
            );
        }
        for (name, file) in files {
            // As long as what was recorded.
            let (kind, content) = match file.as_str() {
                "up1.txt" => ("text/plain", "upload 1\n"),
                _ => ("application/octet-stream", "upload2\n"),
            };
            let head = format!("{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"");
            body.extend(format!("{head}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n").bytes());
        }
        body.extend(format!("{BOUNDARY}--\r\n").bytes());
        body
    }
}

/// Makes the service, of those of its functions that there are.
fn make_service(site: &Site) {
    let mut functions = FUNCTIONS.to_vec();
    loop {
        let mut command = vec!["service", "set", SERVICE];
        command.extend(functions.iter().flat_map(|name| ["--function", name]));
        let output = site.run(&command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let unknown = functions.iter().position(|name| said.trim_end().ends_with(&format!("a function {name}")));
        match (output.status.success(), unknown) {
            (true, _) => return,
            (false, Some(at)) => drop(functions.remove(at)),
            (false, None) => panic!("service set: {said}"),
        }
    }
}

impl Response {
    /// How the body is written.
    pub fn syntax(&self) -> Syntax {
        match self.body.first() {
            Some(b'<') => Syntax::Xml,
            Some(b'{' | b'[' | b'"') => Syntax::Json,
            _ => Syntax::Bytes,
        }
    }

    /// Status, the headers that count, and the body as one tree.
    ///
    /// # Errors
    /// In words, when the body is not in that syntax.
    pub fn node(&self, syntax: Syntax) -> Result<Node, String> {
        let headers = HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), Node::Text(self.header(name)?))));
        let body = parse_body(&self.body, syntax)?;
        Ok(Node::Map(vec![
            ("status".to_owned(), Node::Number(self.status.to_string())),
            ("header".to_owned(), Node::Map(headers.collect())),
            ("body".to_owned(), body),
        ]))
    }
}
