//! Calls of web-service functions, and the files that go with them.

use super::http::{self, Part, Reply};
use super::wait_until;
use serde_json::Value;

/// A client with a token.
#[derive(Debug, Clone)]
pub struct Rest {
    url: String,
    /// The token it sends.
    pub token: String,
}

impl Rest {
    pub(super) fn new(url: &str, token: &str) -> Self {
        Self { url: url.to_owned(), token: token.to_owned() }
    }

    /// Calls a function; the answer is XML.
    pub fn xml(&self, function: &str, parameters: &[(&str, &str)]) -> Reply {
        self.send(&[("wstoken", &self.token), ("wsfunction", function)], parameters)
    }

    /// Calls a function and gives its answer, or the error, as JSON.
    pub fn json(&self, function: &str, parameters: &[(&str, &str)]) -> Value {
        let control = [("wstoken", self.token.as_str()), ("wsfunction", function), ("moodlewsrestformat", "json")];
        let reply = self.send(&control, parameters);
        assert_eq!(reply.header("content-type"), Some("application/json"), "{function}");
        reply.json()
    }

    /// Posts parameters as they are.
    pub fn send(&self, control: &[(&str, &str)], parameters: &[(&str, &str)]) -> Reply {
        let fields: Vec<(&str, &str)> = control.iter().chain(parameters).copied().collect();
        let reply = http::post_form(&format!("{}/webservice/rest/server.php", self.url), &fields);
        assert_eq!(reply.status, 200, "{fields:?}: {}", reply.text());
        reply
    }

    /// Calls a function that must answer.
    pub fn call(&self, function: &str, parameters: &[(&str, &str)]) -> Value {
        let answer = self.json(function, parameters);
        assert!(answer.get("exception").is_none(), "{function} {parameters:?}: {answer}");
        answer
    }

    /// The error code of a call that must be refused.
    pub fn refusal(&self, function: &str, parameters: &[(&str, &str)]) -> String {
        let answer = self.json(function, parameters);
        let code = answer.get("errorcode").and_then(Value::as_str);
        assert!(answer.get("exception").is_some(), "{function} {parameters:?}: {answer}");
        code.unwrap_or_else(|| panic!("{function} {parameters:?}: {answer}")).to_owned()
    }

    /// Starts a backup and gives its id.
    pub fn start_backup(&self, course: u64, options: &[(&str, &str)]) -> String {
        let course = course.to_string();
        let mut parameters = vec![("courseid", course.as_str())];
        parameters.extend(options);
        text(&self.call("core_course_backup_async", &parameters)["backupid"])
    }

    /// Status and progress of a backup.
    pub fn status(&self, backup: &str) -> (i64, f64) {
        let answer = self.call("core_course_backup_async_get_status", &[("backupid", backup)]);
        let both = (answer[0]["status"].as_i64(), answer[0]["progress"].as_f64());
        let (Some(status), Some(progress)) = both else { panic!("status: {answer}") };
        (status, progress)
    }

    /// Waits for a backup to end, whatever its end; gives every status and progress seen, each once.
    pub fn follow(&self, backup: &str) -> Vec<(i64, f64)> {
        let mut seen = Vec::new();
        wait_until("the backup has ended", || {
            let now = self.status(backup);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
            (now.0 >= 900).then_some(())
        });
        seen
    }

    /// The details of a job: `backup` or `restore`.
    pub fn details(&self, kind: &str, job: &str) -> Value {
        self.call(&format!("provost_course_{kind}_get_details"), &[("jobid", job)])
    }

    /// Waits for a job to end and gives its details.
    pub fn ended(&self, kind: &str, job: &str) -> Value {
        wait_until("the job has ended", || {
            let details = self.details(kind, job);
            (details["status"].as_i64() >= Some(900)).then_some(details)
        })
    }

    /// The files that are listed for a course.
    pub fn backups(&self, course: u64) -> Vec<Value> {
        let listed = self.call("core_course_backup_list_backups", &[("courseid", &course.to_string())]);
        listed.as_array().unwrap_or_else(|| panic!("{listed}")).clone()
    }

    /// Downloads from a listed address, with the token appended as clients do.
    pub fn download(&self, address: &str, headers: &[(&str, &str)]) -> Reply {
        http::get(&format!("{address}&token={}", self.token), headers)
    }

    /// Gets a page of the server.
    pub fn get(&self, path: &str) -> Reply {
        http::get(&format!("{}{path}", self.url), &[])
    }

    /// Uploads.
    pub fn upload(&self, parts: &[Part<'_>]) -> Value {
        let url = format!("{}/webservice/upload.php?token={}", self.url, self.token);
        let reply = http::post_multipart(&url, parts);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// Uploads without a token in the address.
    pub fn upload_plain(&self, parts: &[Part<'_>]) -> Value {
        http::post_multipart(&format!("{}/webservice/upload.php", self.url), parts).json()
    }
}

/// A JSON string's text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What stands between two marks in a text.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(found, _)| found);
    found.unwrap_or_else(|| panic!("nothing between {before:?} and {after:?} in {text}"))
}
