//! Plugins' data, and what becomes of it when contents are copied (proxy-tool-events.md 4 to 6 and 15).

use provost_tests::generate::SampleSize;
use provost_tests::live::{Rest, Server, Site, guests, text, wait_until};
use serde_json::{Value, json};

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

const SMALL: SampleSize =
    SampleSize { activities: 4, people: 2, log_rows: 0, files: 1, file_bytes: 100, compressible_share: 0.5 };

/// A site with courses to copy between, and the keeper installed.
struct Scene {
    _site: Site,
    _server: Server,
    rest: Rest,
    courses: Vec<u64>,
    /// An activity of the first course.
    original: u64,
}

impl Scene {
    fn new(mode: &str) -> Self {
        let site = Site::new(PROVOST);
        let archive = site.generated("small.mbz", &SMALL);
        let courses: Vec<u64> = (0..3).map(|_| site.import(&archive)).collect();
        site.ok(&["plugin", "install", guests::KEEPER, "--grant-all"]);
        let server = site.serve(&[]);
        let rest = server.rest(&site.token("admin"));
        let original = {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            let found = runtime.block_on(async {
                let (store, _) = provost_store::open(&site.data()).await?;
                store.snapshot(courses[0]).await?.activities(0, 1).await
            });
            found.expect("activities")[0].id
        };
        let scene = Self { _site: site, _server: server, rest, courses, original };
        scene.mode(mode);
        scene
    }

    fn mode(&self, mode: &str) {
        assert_eq!(self.rest.json("keeper_mode", &[("mode", mode)]), Value::Null);
    }

    fn put(&self, course: u64, content: Option<u64>, user: bool, key: &str, value: &str) {
        let (course, content) = (course.to_string(), content.map(|c| c.to_string()).unwrap_or_default());
        let user = if user { "1" } else { "0" };
        let put = [("course", course.as_str()), ("content", &content), ("user", user), ("key", key), ("value", value)];
        assert_eq!(self.rest.json("keeper_put", &put), Value::Null);
    }

    fn get(&self, course: u64, content: Option<u64>, user: bool, key: &str) -> String {
        let (course, content) = (course.to_string(), content.map(|c| c.to_string()).unwrap_or_default());
        let user = if user { "1" } else { "0" };
        let get = [("course", course.as_str()), ("content", &content), ("user", user), ("key", key)];
        text(&self.rest.call("keeper_get", &get)["text"])
    }

    fn look(&self, course: u64, content: Option<u64>, give: &str) -> Value {
        let (course, content) = (course.to_string(), content.map(|c| c.to_string()).unwrap_or_default());
        self.rest.call("keeper_look", &[("course", &course), ("content", &content), ("give", give)])
    }

    /// Copies an activity; the new one.
    fn copy(&self, course: u64, content: u64, to: u64, exact: bool) -> u64 {
        let (course, content, to) = (course.to_string(), content.to_string(), to.to_string());
        let exact = if exact { "1" } else { "0" };
        let order = [("course", course.as_str()), ("content", &content), ("to", &to), ("exact", exact)];
        self.rest.call("keeper_copy", &order)["content"].as_u64().expect("a content")
    }

    /// What the handler saw of a copy, once it was told.
    fn seen(&self, copy: u64) -> Value {
        wait_until("the handler was told of the copy", || {
            let seen = self.rest.call("keeper_seen", &[("content", &copy.to_string())]);
            seen.get(0).cloned()
        })
    }

    /// The original with a title, what somebody recorded, and an external id.
    fn set_up(&self) {
        self.put(self.courses[0], Some(self.original), false, "title", "as it was");
        self.put(self.courses[0], Some(self.original), true, "ada", "an answer");
        self.look(self.courses[0], Some(self.original), "e1");
    }
}

/// The new content cannot be looked at before it is published, and says so at once; what the handler wants done is done with it.
#[test]
fn acceptance_06_not_visible_yet_and_an_intent() {
    let scene = Scene::new("mend");
    scene.set_up();
    let (from, to) = (scene.courses[0], scene.courses[1]);
    let copy = scene.copy(from, scene.original, to, true);
    // Visible together with the copy, not some time after it.
    let look = scene.look(to, Some(copy), "");
    assert_eq!(look["external_id"], format!("own-{copy}"), "{look}");
    let seen = scene.seen(copy);
    assert_eq!((&seen["early"], &seen["external_id"]), (&json!(true), &json!("NotVisibleYet content")), "{seen}");
    assert_eq!((&seen["told"], &seen["change"]), (&json!("e1"), &json!("Refused in-handler")), "{seen}");
    assert_eq!((&seen["title"], &seen["user"]), (&json!("as it was"), &json!("an answer")), "{seen}");
    println!("not-visible-yet: {} ns", seen["nanoseconds"]);
    assert_eq!(scene.get(to, Some(copy), false, "told"), "yes");
    assert_eq!(scene.look(from, Some(scene.original), "")["external_id"], "e1");
    assert_eq!(look["history"], json!([format!("{from}/{}", scene.original)]));
    assert_eq!(look["origin"], "Exact edited true");
}

#[test]
fn acceptance_07_an_edit_between_copy_and_delivery() {
    let scene = Scene::new("wait");
    scene.set_up();
    let (from, to) = (scene.courses[0], scene.courses[1]);
    let copy = scene.copy(from, scene.original, to, true);
    assert_eq!(scene.get(to, Some(copy), false, "title"), "as it was", "the copy needs no delivery");
    scene.put(from, Some(scene.original), false, "title", "edited later");
    scene.put(from, Some(scene.original), true, "ada", "another answer");
    scene.mode("none");
    let seen = scene.seen(copy);
    assert_eq!((&seen["early"], &seen["deferred"]), (&json!(false), &json!(true)), "{seen}");
    assert_eq!(seen["title"], "as it was");
    assert_eq!(scene.get(to, Some(copy), false, "title"), "as it was");
    assert_eq!(scene.get(to, Some(copy), true, "ada"), "an answer");
    assert_eq!(scene.get(from, Some(scene.original), false, "title"), "edited later");
}

#[test]
fn acceptance_08_a_shallow_copy_has_nothing_of_people() {
    for mode in ["none", "wait"] {
        let scene = Scene::new(mode);
        scene.set_up();
        let (from, to) = (scene.courses[0], scene.courses[1]);
        let copy = scene.copy(from, scene.original, to, false);
        scene.mode("none");
        let seen = scene.seen(copy);
        assert_eq!(seen["early"], json!(mode == "none"));
        assert_eq!((&seen["user"], &seen["title"]), (&json!("Denied user-data"), &json!("as it was")), "{seen}");
        assert_eq!(scene.get(to, Some(copy), true, "ada"), "nothing");
        assert_eq!(scene.get(to, Some(copy), false, "title"), "as it was");
        // Outside of the handler the original is the plugin's to read.
        assert_eq!(scene.get(from, Some(scene.original), true, "ada"), "an answer");
    }
}

#[test]
fn acceptance_09_copies_of_copies_are_as_of_each_copy() {
    let scene = Scene::new("none");
    scene.set_up();
    let [first, second, third] = [scene.courses[0], scene.courses[1], scene.courses[2]];
    let b = scene.copy(first, scene.original, second, true);
    scene.put(first, Some(scene.original), false, "title", "edited");
    let c = scene.copy(second, b, third, true);
    let d = scene.copy(first, scene.original, third, true);
    scene.put(first, Some(scene.original), false, "title", "edited again");
    let title = |course, content| scene.get(course, Some(content), false, "title");
    assert_eq!([title(second, b), title(third, c), title(third, d)], ["as it was", "as it was", "edited"]);
    assert_eq!(scene.get(third, Some(c), true, "ada"), "an answer");
    let line = [format!("{second}/{b}"), format!("{first}/{}", scene.original)];
    assert_eq!(scene.look(third, Some(c), "")["history"], json!(line));
    assert_eq!(scene.look(third, Some(c), "")["external_id"], "e1");
}

#[test]
fn acceptance_15_course_data_comes_along_where_there_is_none() {
    let scene = Scene::new("none");
    scene.set_up();
    let [from, empty, own] = [scene.courses[0], scene.courses[1], scene.courses[2]];
    scene.put(from, None, false, "terms", "be kind");
    scene.put(from, None, true, "ada", "agreed");
    scene.put(own, None, false, "terms", "our own");
    let first = scene.copy(from, scene.original, empty, true);
    assert_eq!(scene.get(empty, None, false, "terms"), "be kind");
    assert_eq!(scene.get(empty, None, true, "ada"), "nothing");
    assert_eq!(scene.look(empty, None, "")["origin"], "Shallow edited false");
    assert_eq!(scene.seen(first)["title"], "as it was");
    // Edited since: a second copy leaves it alone.
    scene.put(empty, None, false, "terms", "edited here");
    scene.put(from, None, false, "terms", "be quick");
    for (course, terms) in [(empty, "edited here"), (own, "our own")] {
        let copy = scene.copy(from, scene.original, course, true);
        assert_eq!(scene.get(course, None, false, "terms"), terms);
        assert_eq!(scene.get(course, Some(copy), false, "title"), "as it was");
    }
}

/// What happened at another site is passed on, with the same copies of data; what happens here is not a plugin's to tell.
#[test]
fn events_of_other_sites() {
    let scene = Scene::new("none");
    let tell = |from: [&str; 2], to: [&str; 2]| {
        let telling = [("exact", "0"), ("from[0]", from[0]), ("from[1]", from[1]), ("to[0]", to[0]), ("to[1]", to[1])];
        scene.rest.json("keeper_pass_on", &telling)
    };
    let put = [("course", "there:_3_1"), ("content", "there:_10_1"), ("key", "title"), ("value", "theirs")];
    assert_eq!(scene.rest.json("keeper_put", &put), Value::Null);
    let told = tell(["there:_3_1", "there:_10_1"], ["there:_4_1", "there:_20_1"]);
    assert!(told["text"].is_string(), "{told}");
    let get = [("course", "there:_4_1"), ("content", "there:_20_1"), ("key", "title")];
    assert_eq!(scene.rest.call("keeper_get", &get)["text"], "theirs");
    let seen = wait_until("the handler was told", || {
        scene.rest.call("keeper_seen", &[("content", "there:_20_1")]).get(0).cloned()
    });
    assert_eq!((&seen["told"], &seen["user"]), (&json!("there"), &json!("Denied user-data")), "{seen}");
    let course = scene.courses[0].to_string();
    let refused = tell([&course, "1"], [&course, "2"]);
    assert_eq!(refused["errorcode"], "nopermissions", "{refused}");
}
