//! The decision table of proxy-tool-events.md 5.3, row by row, and what may go wrong.

use super::*;
use crate::plugin_data;
use crate::testing::TestHost;

fn address(course: &str, content: &str) -> Address {
    Address { course: course.into(), content: content.into() }
}

fn item(at: &Address, title: &str) -> Result<String> {
    let place = Place::Content(at.clone());
    plugin_data::put(&place, Namespace::Definition, "title", title.as_bytes(), Condition::Always)?;
    plugin_data::put(&place, Namespace::UserData, "ada", b"answer", Condition::Always)?;
    configure("", at, None)
}

fn title(at: &Address) -> Result<Option<String>> {
    let value = plugin_data::get(&Place::Content(at.clone()), Namespace::Definition, "title")?;
    Ok(value.map(|value| String::from_utf8_lossy(&value.bytes).into_owned()))
}

fn state(opened: &Option<Opened>) -> Option<(State, bool)> {
    opened.as_ref().map(|opened| (opened.state, opened.fixed))
}

#[test]
fn a_record_with_its_id_is_served() -> Result<()> {
    let _host = TestHost::new();
    let here = address("1", "2");
    let id = item(&here, "x")?;
    let opened = open("", &here)?;
    assert_eq!(state(&opened), Some((State::Resolved, false)));
    assert_eq!(opened.map(|opened| opened.external_id), Some(id));
    assert_eq!(open("", &address("1", "3"))?, None);
    Ok(())
}

#[test]
fn a_snapshot_becomes_a_record() -> Result<()> {
    let host = TestHost::new();
    let (old, new) = (address("1", "2"), address("3", "4"));
    let first = item(&old, "x")?;
    host.copy_content(CopyKind::Exact, &old, &new);
    plugin_data::put(&Place::Content(old.clone()), Namespace::Definition, "title", b"y", Condition::Always)?;
    let opened = open("", &new)?;
    assert_eq!(state(&opened), Some((State::Resolved, true)));
    assert_eq!(title(&new)?.as_deref(), Some("x"));
    let own = host.external_id("", &new);
    assert_eq!(own, derived_id("", &new));
    assert_eq!(host.external_id("", &old), first);
    assert_ne!(own, first);
    assert_eq!(state(&open("", &new)?), Some((State::Resolved, false)));
    Ok(())
}

#[test]
fn a_lost_write_is_made_again() -> Result<()> {
    let host = TestHost::new();
    let here = address("1", "2");
    let id = item(&here, "x")?;
    host.set_external_id("", &here, "something else");
    assert_eq!(state(&open("", &here)?), Some((State::Resolved, true)));
    assert_eq!(host.external_id("", &here), id);
    Ok(())
}

/// A failing write does not fail the page; a timer or the next visitor makes it good.
#[test]
fn what_cannot_be_written_waits() -> Result<()> {
    let host = TestHost::new();
    let (old, new) = (address("1", "2"), address("3", "4"));
    item(&old, "x")?;
    host.copy_content(CopyKind::Exact, &old, &new);
    host.fail_external_ids(Some(Error::failed("the disk")));
    for _ in 0..2 {
        assert_eq!(state(&open("", &new)?), Some((State::FixPending, false)));
        assert_eq!(retry(10)?, 0);
    }
    host.fail_external_ids(None);
    assert_eq!(retry(10)?, 1);
    assert_eq!(retry(10)?, 0);
    assert_eq!(host.external_id("", &new), derived_id("", &new));
    assert_eq!(state(&open("", &new)?), Some((State::Resolved, false)));
    Ok(())
}

/// Nobody told of the copy: the definition alone comes along.
#[test]
fn the_original_is_found_by_its_id() -> Result<()> {
    let host = TestHost::new();
    let (old, new) = (address("1", "2"), address("3", "4"));
    let id = item(&old, "x")?;
    host.set_external_id("", &new, &id);
    let opened = open("", &new)?;
    assert_eq!(state(&opened), Some((State::Resolved, true)));
    assert!(opened.is_some_and(|opened| opened.approximate));
    assert_eq!(title(&new)?.as_deref(), Some("x"));
    let user = plugin_data::get(&Place::Content(new.clone()), Namespace::UserData, "ada")?;
    assert_eq!(user, None);
    assert!(open("", &new)?.is_some_and(|opened| opened.approximate));
    Ok(())
}

/// A to B to C before anyone opens B (acceptance check 9).
#[test]
fn chains_of_copies_work() -> Result<()> {
    let host = TestHost::new();
    let [a, b, c] = [address("1", "2"), address("3", "4"), address("5", "6")];
    item(&a, "first")?;
    host.copy_content(CopyKind::Exact, &a, &b);
    plugin_data::put(&Place::Content(a.clone()), Namespace::Definition, "title", b"second", Condition::Always)?;
    host.copy_content(CopyKind::Exact, &b, &c);
    assert_eq!(state(&open("", &c)?), Some((State::Resolved, true)));
    assert_eq!(state(&open("", &b)?), Some((State::Resolved, true)));
    assert_eq!((title(&b)?.as_deref(), title(&c)?.as_deref()), (Some("first"), Some("first")));
    let ids = [&a, &b, &c].map(|at| host.external_id("", at));
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    Ok(())
}

/// Somebody is at it: others see the item, and write nothing.
#[test]
fn one_at_a_time() -> Result<()> {
    let host = TestHost::new();
    let (old, new) = (address("1", "2"), address("3", "4"));
    item(&old, "x")?;
    host.copy_content(CopyKind::Exact, &old, &new);
    let begun = Record { state: State::Fixing, since: host.now(), ..Record::new("", &new, &derived_id("", &new)) };
    begun.write(Condition::Always)?;
    assert_eq!(state(&open("", &new)?), Some((State::Fixing, false)));
    // Whoever it was never came back.
    host.set_time(host.now() + FIXING + 1);
    assert_eq!(state(&open("", &new)?), Some((State::Resolved, true)));
    Ok(())
}

#[test]
fn what_is_deleted_is_gone() -> Result<()> {
    let _host = TestHost::new();
    let here = address("1", "2");
    let id = item(&here, "x")?;
    deleted("", &here)?;
    assert_eq!((title(&here)?, Record::indexed("", &id)?), (None, None));
    assert_eq!(open("", &here)?, None);
    Ok(())
}
