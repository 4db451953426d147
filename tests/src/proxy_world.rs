//! A site with remote tools and with another site that tells of its events, for tests of the plugin `proxy-tool`.

use crate::live::{Reply, Rest, Server, Site, request};
use crate::tool_server::{Came, ToolServer};
use provost_proxy_wire::mac::{Algorithm, mac};
use provost_proxy_wire::signature::{self, Key};
use serde_json::{Value, json};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the site `uni` signs with.
pub const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// What is shared with tools and sites of the legacy wire.
pub const SECRET: &str = "s3cret";

/// The two answers of the legacy wire.
pub const SUCCESS: &str = "<result>SUCCESS</result>";
/// See [`SUCCESS`].
pub const ERROR: &str = "<result>ERROR</result>";

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("a time")
}

/// A site whose plugin may call servers of this machine, with a site `uni` that tells of its events.
pub struct World {
    /// Where it all is kept.
    pub site: Site,
    /// The site's server.
    pub server: Server,
    /// An administrator.
    pub admin: Rest,
    /// Where remote tools are.
    pub tool: ToolServer,
}

impl World {
    /// A site whose plugin may call servers on the loopback.
    pub fn new(binary: &str) -> Self {
        Self::allowing(binary, "[http.allow]\nproxy-tool = [\"127.0.0.1\"]\n")
    }

    /// A site with these settings.
    pub fn allowing(binary: &str, settings: &str) -> Self {
        let site = Site::warm(binary);
        fs::create_dir_all(site.data()).expect("the store's directory");
        fs::write(site.data().join("provost.toml"), settings).expect("the settings");
        let server = site.serve(&[]);
        let admin = server.rest(&site.token("admin"));
        let fields = [("name", "uni"), ("url", "https://uni.example"), ("secret", KEY)];
        admin.call("provost_proxy_site_register", &fields);
        Self { site, server, admin, tool: ToolServer::start() }
    }

    /// Registers a tool at `/NAME` of the server and makes it available. It hears of other sites.
    pub fn tool(&self, name: &str, more: &[(&str, &str)]) -> Value {
        let registered = self.registered(name, more);
        self.admin.call("provost_proxy_tool_activate", &[("name", name)]);
        registered
    }

    /// Registers a tool at `/NAME` of the server, or at the `url` that is given.
    pub fn registered(&self, name: &str, more: &[(&str, &str)]) -> Value {
        let url = format!("{}/{name}", self.tool.url);
        let mut fields = vec![("name", name), ("foreign", "1")];
        if !more.iter().any(|(name, _)| *name == "url") {
            fields.push(("url", url.as_str()));
        }
        if !more.iter().any(|(name, _)| name.starts_with("events")) {
            fields.extend([("events[0][event]", "course-copied"), ("events[1][event]", "content-copied")]);
        }
        fields.extend(more);
        self.admin.call("provost_proxy_tool_register", &fields)
    }

    /// What is known of a tool now.
    pub fn known(&self, name: &str) -> Value {
        let all = self.admin.call("provost_proxy_tool_list", &[]);
        let found = all.as_array().into_iter().flatten().find(|tool| tool["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {all}")).clone()
    }

    /// Posts something to a hook of the plugin.
    pub fn hook(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        request(&self.server.address, "POST", &format!("/hooks/proxy-tool/{path}"), headers, body)
    }

    /// Something of `uni`, signed.
    pub fn tell(&self, id: &str, body: &Value) -> Reply {
        self.tell_at(id, now(), &body.to_string(), KEY)
    }

    /// Something of `uni` as it was signed at a time with a key.
    pub fn tell_at(&self, id: &str, at: i64, body: &str, key: &str) -> Reply {
        let key = Key::parse(key).expect("a key");
        let signed = signature::sign(&[key], id, at, body.as_bytes());
        let at = at.to_string();
        let headers = [
            ("Content-Type", "application/cloudevents+json"),
            ("webhook-id", id),
            ("webhook-timestamp", at.as_str()),
            ("webhook-signature", signed.as_str()),
        ];
        self.hook("uni", &headers, body)
    }

    /// Tells of a copy of a course of `uni`, in lanes of its own.
    pub fn course_copied(&self, id: &str) {
        let reply = self.tell(id, &course_copied(id));
        assert_eq!((reply.status, reply.json()), (200, json!({ "result": "ok" })), "{id}");
    }
}

/// A copy of a course of `uni`.
pub fn course_copied(id: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "https://uni.example",
        "type": "org.provost.course.copied.v1",
        "data": { "copy": "exact", "from": { "course": format!("{id}-old") }, "to": { "course": format!("{id}-new") } },
    })
}

/// What a legacy tool is sent holds.
pub fn assert_mac(came: &Came, secret: &str) {
    let arguments = came.arguments();
    let given = came.argument("mac").expect("a MAC");
    assert_eq!(mac(&arguments, &[], secret, Algorithm::Md5), given, "{arguments:?}");
    for never in ["ticket", "user_id", "role"] {
        assert_eq!(came.argument(never), None);
    }
}

/// What a native tool is sent holds.
pub fn assert_signed(came: &Came, key: &str) {
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| Some(came.header(name)));
    let key = Key::parse(key).expect("a key");
    assert!(signature::verify(&[key], headers, &came.body, now()).is_ok(), "{:?}", came.headers);
}

/// A request of the legacy wire, with its MAC.
pub fn signed_form(fields: &[(&str, &str)], secret: &str) -> String {
    let mut arguments: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let made = mac(&arguments, &[], secret, Algorithm::Md5);
    arguments.push(("mac".into(), made));
    provost_proxy_wire::legacy::encode(&arguments)
}
