//! Copies of contents and the first access to them, with a plugin that keeps notes (proxy-tool-events.md 5 and 15).

use provost_store::api::{ActivityFields, Address, Binding, CopyKind, Happening, Origin, Snapshot, Store};
use provost_tests::generate::SampleSize;
use provost_tests::live::{Rest, Server, Site, guests, text, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::runtime::Runtime;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");

/// A course that serves as a place for contents.
const SMALL: SampleSize =
    SampleSize { activities: 8, people: 3, log_rows: 0, files: 1, file_bytes: 100, compressible_share: 0.5 };

/// What a copy is told with; none: the plugin's data is not copied, as if the host had not known of the plugin then.
type Told = Option<CopyKind>;

/// A site with two courses, a notebook, and its store beside the server.
struct Scene {
    site: Site,
    courses: [u64; 2],
    store: Arc<dyn Store>,
    runtime: Runtime,
    server: Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Content {
    course: u64,
    id: u64,
}

impl Content {
    fn address(self) -> Address {
        Address { course: self.course.to_string(), content: self.id.to_string() }
    }
}

impl Scene {
    /// With a notebook that hears of copies and does nothing, as one that cannot be called.
    fn new() -> Self {
        Self::with_notebook(false)
    }

    fn with_notebook(attentive: bool) -> Self {
        let site = Site::new(PROVOST);
        let archive = site.generated("small.mbz", &SMALL);
        let courses = [site.import(&archive), site.import(&archive)];
        for (person, role) in [("tess", "editingteacher"), ("kim", "student"), ("lee", "student")] {
            site.ok(&["user", "create", person]);
            for course in courses {
                site.ok(&["course", "enrol", &course.to_string(), person, "--role", role]);
            }
        }
        let config = json!({ "attentive": attentive }).to_string();
        site.ok(&["plugin", "install", guests::NOTEBOOK, "--grant-all", "--config", &config]);
        let runtime = Runtime::new().expect("a runtime");
        let (store, _) = runtime.block_on(provost_store::open(&site.data())).expect("the store");
        let server = site.serve(&[]);
        Self { site, courses, store, runtime, server }
    }

    fn rest(&self, person: &str) -> Notes {
        Notes(self.server.rest(&self.site.token(person)))
    }

    /// A content with a note by Tess and an answer by Kim.
    fn original(&self) -> Content {
        let course = self.courses[0];
        let activities = self.runtime.block_on(async { self.store.snapshot(course).await?.activities(0, 1).await });
        let a = Content { course, id: activities.expect("activities")[0].id };
        self.rest("tess").write(a, "as it was");
        self.rest("kim").answer(a, "an answer");
        a
    }

    /// What the host does when a content is copied: a new content, and word of it in the same change.
    fn copy(&self, from: Content, course: u64, told: Told) -> Content {
        let copied = self.runtime.block_on(async {
            let mut snapshot = self.store.snapshot(course).await?;
            let scope = snapshot.scopes().await?[0].id;
            let section = snapshot.sections(0, 1).await?.remove(0).fields.local;
            let origin = Origin { site_hash: "e".repeat(32), ..Origin::default() };
            let mut draft = self.store.extend(course, origin, None).await?;
            draft
                .bind(vec![Binding { kind: "section".into(), local: 1, target_scope: scope, target: section }])
                .await?;
            let fields =
                ActivityFields { local: 2, section: 1, context: 3, module: "page".into(), ..Default::default() };
            let copy = Content { course, id: draft.add_activity(fields).await? };
            if let Some(kind) = told {
                let copied = Happening::ContentCopied {
                    kind,
                    origin: from.address(),
                    external_id: String::new(),
                    copy: copy.address(),
                };
                draft.announce(vec![copied]).await?;
            }
            draft.publish().await?;
            if told.is_none() {
                let carried = self.store.external_id("notebook", "", &from.address(), 0).await?;
                self.store.set_external_id("notebook", "", &copy.address(), &carried, None).await?;
            }
            Ok::<_, provost_store::api::StoreError>(copy)
        });
        copied.expect("copied")
    }

    /// Keeps what is replaced from now on: versions that an open snapshot may need are not removed.
    fn keep_versions(&self) -> Box<dyn Snapshot> {
        self.runtime.block_on(self.store.snapshot(self.courses[0])).expect("a snapshot")
    }

    /// The external ids that a content had, one after the other, as far as versions are kept.
    fn ids(&self, content: Content) -> Vec<String> {
        let ids = self.runtime.block_on(async {
            let mut ids: Vec<String> = Vec::new();
            for at in 1..=self.store.storage_sequence().await? {
                let id = self.store.external_id("notebook", "", &content.address(), at).await?;
                if ids.last() != Some(&id) && !(ids.is_empty() && id.is_empty()) {
                    ids.push(id);
                }
            }
            Ok::<_, provost_store::api::StoreError>(ids)
        });
        ids.expect("read")
    }
}

/// The notebook, as one person uses it.
struct Notes(Rest);

impl Notes {
    fn on(&self, function: &str, content: Content, more: &[(&str, &str)]) -> Value {
        let (course, id) = (content.course.to_string(), content.id.to_string());
        let mut parameters = vec![("course", course.as_str()), ("content", id.as_str())];
        parameters.extend(more);
        self.0.json(function, &parameters)
    }
    fn write(&self, content: Content, words: &str) {
        assert_eq!(self.on("notebook_write", content, &[("text", words)]), Value::Null);
    }
    fn answer(&self, content: Content, words: &str) {
        assert_eq!(self.on("notebook_answer", content, &[("text", words)]), Value::Null);
    }
    fn view(&self, content: Content) -> Value {
        let page = self.on("notebook_view", content, &[]);
        assert!(page.get("exception").is_none(), "{page}");
        page
    }
    fn look(&self, content: Content) -> Value {
        self.on("notebook_look", content, &[])
    }
    fn launch(&self, context: &str, link: &str, more: &[(&str, &str)]) -> Value {
        let mut parameters = vec![("context", context), ("link", link)];
        parameters.extend(more);
        self.0.call("notebook_launch", &parameters)
    }
}

#[test]
fn acceptance_09_a_copy_of_a_copy_that_nobody_opened() {
    let scene = Scene::new();
    let (tess, kim) = (scene.rest("tess"), scene.rest("kim"));
    let a = scene.original();
    let b = scene.copy(a, scene.courses[1], Some(CopyKind::Exact));
    tess.write(a, "edited after the first copy");
    let c = scene.copy(b, scene.courses[0], Some(CopyKind::Exact));
    let d = scene.copy(a, scene.courses[1], Some(CopyKind::Shallow));
    tess.write(a, "edited after all copies");
    let first = text(&tess.look(a)["external_id"]);
    for content in [b, c, d] {
        let look = tess.look(content);
        assert_eq!((&look["state"], &look["external_id"]), (&json!("Snapshotted"), &json!(first)), "{look}");
    }
    let line = [c, b, a].map(|x| format!("{}/{}", x.course, x.id));
    assert_eq!(tess.look(c)["history"], json!(line[1..]));

    let page = kim.view(c);
    assert_eq!((&page["text"], &page["answer"]), (&json!("as it was"), &json!("an answer")), "{page}");
    assert_eq!((&page["state"], &page["approximate"]), (&json!("Resolved"), &json!(false)), "{page}");
    // What lies between was not touched by that, and is found as it was copied, too.
    assert_eq!(tess.look(b)["state"], "Snapshotted");
    tess.write(c, "edited in the last one");
    let page = kim.view(b);
    assert_eq!((&page["text"], &page["answer"]), (&json!("as it was"), &json!("an answer")), "{page}");
    let page = kim.view(d);
    assert_eq!((&page["text"], &page["answer"]), (&json!("edited after the first copy"), &json!("")), "{page}");
    assert_eq!(kim.view(a)["text"], "edited after all copies");
    assert_eq!(kim.view(c)["text"], "edited in the last one");

    let ids: BTreeSet<String> = [a, b, c, d].map(|x| text(&tess.look(x)["external_id"])).into();
    assert_eq!((ids.len(), ids.contains(&first)), (4, true), "each has one of its own: {ids:?}");
    assert_eq!(tess.look(a)["external_id"], json!(first));
}

#[test]
fn acceptance_10_twenty_first_accesses_at_once() {
    let scene = Scene::new();
    let a = scene.original();
    let first = scene.ids(a);
    assert_eq!(first.len(), 1);
    let _runtime = scene.runtime.enter();
    let _versions = scene.keep_versions();
    for (told, answer) in [(Some(CopyKind::Exact), "an answer"), (None, "")] {
        let n = scene.copy(a, scene.courses[1], told);
        assert_eq!(scene.ids(n), first, "a copy carries the original's id");
        let token = scene.site.token("kim");
        let pages: Vec<Value> = std::thread::scope(|scope| {
            let view = || Notes(scene.server.rest(&token)).view(n);
            let visitors: Vec<_> = (0..20).map(|_| scope.spawn(view)).collect();
            visitors.into_iter().map(|visitor| visitor.join().expect("a page")).collect()
        });
        for page in pages {
            assert_eq!((&page["text"], &page["answer"]), (&json!("as it was"), &json!(answer)), "{page}");
            assert_ne!(page["state"], "Unconfigured", "{page}");
        }
        let ids = scene.ids(n);
        assert_eq!((ids.len(), &ids[0]), (2, &first[0]), "it was written once: {ids:?}");
        let page = scene.rest("kim").view(n);
        assert_eq!((&page["state"], &page["external_id"]), (&json!("Resolved"), &json!(ids[1])), "{page}");
        assert_eq!(page["approximate"], json!(told.is_none()));
        assert_eq!(scene.ids(n), ids);
    }
    assert_eq!(scene.ids(a), first);
}

#[test]
fn acceptance_11_a_learner_opens_it_first() {
    let scene = Scene::new();
    let (tess, lee) = (scene.rest("tess"), scene.rest("lee"));
    let a = scene.original();
    for told in [Some(CopyKind::Exact), Some(CopyKind::Shallow), None] {
        let n = scene.copy(a, scene.courses[1], told);
        let refused = lee.on("notebook_write", n, &[("text", "mine")]);
        assert_eq!(refused["errorcode"], "nopermissions", "{refused}");
        let page = lee.view(n);
        assert_eq!((&page["text"], &page["state"]), (&json!("as it was"), &json!("Resolved")), "{page}");
        assert_eq!(page["answer"], "", "what others answered is theirs");
        let look = tess.look(n);
        assert_eq!((&look["state"], &look["external_id"]), (&json!("Resolved"), &page["external_id"]), "{look}");
        // And it is a content like any other from then on.
        lee.answer(n, "Lee's own");
        assert_eq!(lee.view(n)["answer"], "Lee's own");
        tess.write(n, "Tess's edit");
        assert_eq!(lee.view(n)["text"], "Tess's edit");
    }
    assert_eq!(scene.rest("kim").view(a)["answer"], "an answer");
}

#[test]
fn acceptance_19_the_whole_history_is_walked() {
    let scene = Scene::new();
    let tess = scene.rest("tess");
    let known = tess.launch("c1", "l1", &[("text", "kept elsewhere")]);
    assert_eq!((&known["text"], &known["answer"]), (&json!("kept elsewhere"), &json!("an answer")));
    // The nearest ancestor was never opened here; the one before it was.
    let page = tess.launch("c3", "l3", &[("history", "l%202,l1")]);
    assert_eq!((&page["text"], &page["approximate"]), (&json!("kept elsewhere"), &json!(true)), "{page}");
    assert_eq!(page["answer"], "", "a history gives no leave to copy what people wrote");
    assert_ne!(page["external_id"], known["external_id"]);
    // It is known now, without any history.
    assert_eq!(tess.launch("c3", "l3", &[]), page);
    tess.launch("c3", "l3", &[("text", "edited in the copy")]);
    let next = tess.launch("c4", "l4", &[("history", "l3,l%202,l1")]);
    assert_eq!(next["text"], "edited in the copy");
    for unknown in ["", "$ResourceLink.id.history", "l77,l78"] {
        let page = tess.launch("c5", "l5", &[("history", unknown)]);
        assert_eq!(page["state"], "Unconfigured", "{unknown:?}: {page}");
    }
}

#[test]
fn a_told_copy_needs_no_first_access() {
    let scene = Scene::with_notebook(true);
    let (tess, kim) = (scene.rest("tess"), scene.rest("kim"));
    let a = scene.original();
    let first = text(&tess.look(a)["external_id"]);
    let b = scene.copy(a, scene.courses[1], Some(CopyKind::Exact));
    let c = scene.copy(b, scene.courses[0], Some(CopyKind::Shallow));
    for (content, answer) in [(b, "an answer"), (c, "")] {
        let look = wait_until("the copy was told", || {
            let look = tess.look(content);
            (look["state"] == "Resolved").then_some(look)
        });
        assert_ne!(look["external_id"], json!(first));
        let ids = scene.ids(content);
        let page = kim.view(content);
        assert_eq!((&page["text"], &page["answer"]), (&json!("as it was"), &json!(answer)), "{page}");
        assert_eq!((&page["external_id"], scene.ids(content)), (&look["external_id"], ids), "the access wrote nothing");
    }
    assert_eq!(tess.look(a)["external_id"], json!(first));
}

#[test]
fn what_was_never_set_up_says_so() {
    let scene = Scene::new();
    let (tess, lee) = (scene.rest("tess"), scene.rest("lee"));
    let a = scene.original();
    let other = Content { id: a.id + 1, ..a };
    let n = scene.copy(other, scene.courses[1], Some(CopyKind::Exact));
    for content in [other, n] {
        let (editor, learner) = (text(&tess.view(content)["text"]), text(&lee.view(content)["text"]));
        assert!(editor.contains("Set it up"), "{editor}");
        assert_eq!(learner, "This item is not available yet.");
        let refused = lee.on("notebook_answer", content, &[("text", "mine")]);
        assert_eq!(refused["errorcode"], "unconfigured", "{refused}");
    }
    // What the original gets later is not the copy's.
    tess.write(other, "set up after the copy");
    assert_eq!(tess.view(n)["state"], "Unconfigured");
    tess.write(n, "set up by itself");
    assert_eq!((&lee.view(n)["text"], &lee.view(n)["approximate"]), (&json!("set up by itself"), &json!(false)));

    let gone = tess.on("notebook_view", Content { id: 99_999_999, ..a }, &[]);
    assert!(gone["exception"].is_string(), "{gone}");
}
