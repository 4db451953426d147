//! Events, lanes and deliveries.

use super::{Pair, course_named, draft, is_missing};
use crate::api::*;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const LEASE: i64 = 10_000;

fn wants(plugin: &str, events: &[&str]) -> PluginTarget {
    let subscriptions = events.iter().map(|e| Subscription { event: (*e).into(), only_own: false }).collect();
    let own = TargetFields {
        plugin: plugin.into(),
        name: String::new(),
        title: plugin.into(),
        subscriptions,
        remote: false,
        timeout: 5,
    };
    PluginTarget { plugin: plugin.into(), digest: "d1".into(), own: Some(own) }
}

fn copied(from: &str, to: &str) -> Happening {
    Happening::ContentCopied {
        kind: CopyKind::Exact,
        origin: Address { course: from.into(), content: "1".into() },
        external_id: String::new(),
        copy: Address { course: to.into(), content: "2".into() },
    }
}

fn deleted(course: &str) -> Happening {
    let content = Address { course: course.into(), content: "1".into() };
    Happening::ContentDeleted { content, external_id: String::new(), cause: DeletionCause::Delete }
}

fn settled(claimed: &Claimed, next: Next) -> Settled {
    let done = matches!(next, Next::Done(_));
    Settled {
        delivery: claimed.delivery,
        next,
        code: if done { String::new() } else { "trap".into() },
        reason: if done { String::new() } else { "trap".into() },
        message: "m".into(),
        digest: "d1".into(),
        took_us: 1,
        sign: None,
        told_gap: claimed.gap_after.is_some(),
    }
}

/// Claims and does everything; the names of what was done, in order.
async fn drain(store: &Arc<dyn Store>, target: u64, now: i64) -> Result<Vec<String>> {
    let mut names = Vec::new();
    loop {
        let claimed = store.claim_deliveries(target, now, LEASE, 100).await?;
        if claimed.is_empty() {
            return Ok(names);
        }
        names.extend(claimed.iter().map(|c| c.event.what.name().to_owned()));
        let done = claimed.iter().map(|c| settled(c, Next::Done(Vec::new()))).collect();
        assert_eq!(store.settle(target, done, now).await?.settled, claimed.len());
    }
}

/// A draft's events are told when it is published, with their places in one row, and never when it is not.
pub(super) async fn drafts_tell_when_published((store, _): Pair) -> Result<()> {
    store.sync_targets(&[wants("p", &["content-copied", "content-deleted"])], 0).await?;
    let target = store.target("p", "").await?.id;
    let mut d = draft(&store, "one").await?;
    d.announce(vec![copied("8", "9"), copied("8", "9")]).await?;
    d.announce(vec![deleted("8")]).await?;
    assert_eq!(d.events().await?.len(), 3);
    assert_eq!(store.fan_out(1, 100).await?, FanOut::default());
    store.announce(vec![deleted("7")], None).await?;
    d.publish().await?;
    while store.fan_out(1, 2).await?.events > 0 {}
    let all = store.deliveries(&DeliveryFilter::default()).await?;
    let row: Vec<_> = all.iter().rev().map(|d| (d.sequence, d.name.as_str())).collect();
    assert_eq!(row, [(1, "content-deleted"), (2, "content-copied"), (3, "content-copied"), (4, "content-deleted")]);
    assert_eq!(drain(&store, target, 1).await?.len(), 4);
    let dropped = draft(&store, "two").await?;
    let mut dropped = dropped;
    dropped.announce(vec![deleted("6")]).await?;
    dropped.discard().await?;
    assert_eq!(store.fan_out(2, 100).await?, FanOut::default());
    store.sweep(0).await?;
    assert_eq!(store.deliveries(&DeliveryFilter::default()).await?.len(), 4);
    Ok(())
}

/// Targets that are switched off, taken away and brought back keep what waits.
pub(super) async fn what_waits((store, _): Pair) -> Result<()> {
    let both = [wants("p", &["content-deleted"]), wants("q", &["content-copied"])];
    assert!(store.sync_targets(&both, 0).await?);
    assert!(!store.sync_targets(&both, 1).await?);
    let target = store.target("p", "").await?.id;
    store.set_target_state(target, TargetState::Unavailable, "operator", 5).await?;
    store.announce(vec![deleted("1")], None).await?;
    store.fan_out(6, 100).await?;
    let p = store.target("p", "").await?;
    assert_eq!((p.waiting, p.reason.as_str(), p.is_ready(6)), (1, "operator", false));
    // Its plugin goes and comes back: what it was switched to stays, and what waits too; nothing new comes in between.
    store.sync_targets(&both[1..], 7).await?;
    assert!(!store.target("p", "").await?.installed);
    store.announce(vec![deleted("2")], None).await?;
    store.fan_out(8, 100).await?;
    store.sync_targets(&both, 9).await?;
    let p = store.target("p", "").await?;
    assert_eq!((p.waiting, p.state, p.installed), (1, TargetState::Unavailable, true));
    store.set_target_state(target, TargetState::Available, "", 10).await?;
    assert_eq!(store.target("p", "").await?.since_ms, 10);
    assert_eq!(drain(&store, target, 10).await?.len(), 1);
    // A target that a plugin speaks for.
    let mut remote = wants("q", &["course-copied"]).own.expect("fields");
    remote.name = "tool".into();
    store.put_target(remote, 11).await?;
    let tool = store.target("q", "tool").await?;
    assert_eq!((tool.state, tool.label().as_str()), (TargetState::Unavailable, "q/tool"));
    assert!(store.remove_target("q", "tool", 12).await?);
    assert!(!store.remove_target("q", "tool", 12).await?);
    assert!(is_missing(&store.target("q", "other").await, "target"));
    Ok(())
}

/// Attempts, gaps, poison, replay and discarding.
pub(super) async fn life_of_a_delivery((store, _): Pair) -> Result<()> {
    store.sync_targets(&[wants("p", &["content-deleted"])], 0).await?;
    let target = store.target("p", "").await?.id;
    let ids = store.announce(vec![deleted("1"), deleted("1"), deleted("1")], None).await?;
    store.fan_out(0, 100).await?;
    assert_eq!(store.unsettled(&ids).await?, 3);
    let claimed = store.claim_deliveries(target, 0, LEASE, 2).await?;
    assert_eq!(
        claimed.iter().map(|c| (c.event.id.as_str(), c.attempt)).collect::<Vec<_>>(),
        [(&*ids[0], 1), (&*ids[1], 1)]
    );
    // Nothing else of the lane goes meanwhile.
    assert!(store.claim_deliveries(target, 0, LEASE, 9).await?.is_empty());
    let first = settled(&claimed[0], Next::Later { due_ms: 100, poison: 1 });
    store.settle(target, vec![first, settled(&claimed[1], Next::Uncounted)], 1).await?;
    assert!(store.claim_deliveries(target, 99, LEASE, 9).await?.is_empty());
    let claimed = store.claim_deliveries(target, 100, LEASE, 9).await?;
    assert_eq!(claimed.iter().map(|c| (c.attempt, c.poison)).collect::<Vec<_>>(), [(2, 1), (1, 0), (1, 0)]);
    // Its time is over: put back, with the attempt counted. It cannot be settled any more.
    assert_eq!(store.put_back(100 + LEASE).await?, 3);
    assert!(store.settle(target, vec![settled(&claimed[0], Next::Dead)], 101).await.is_err());
    let claimed = store.claim_deliveries(target, 200, LEASE, 1).await?;
    assert_eq!(claimed[0].attempt, 3);
    let dead = Settled { reason: "poison".into(), ..settled(&claimed[0], Next::Dead) };
    store.settle(target, vec![dead], 201).await?;
    // The next one is told of the gap, once it is through nobody is any more.
    let claimed = store.claim_deliveries(target, 202, LEASE, 1).await?;
    assert_eq!(claimed[0].gap_after.as_deref(), Some(&*ids[0]));
    store.settle(target, vec![settled(&claimed[0], Next::Done(Vec::new()))], 203).await?;
    let claimed = store.claim_deliveries(target, 204, LEASE, 1).await?;
    assert_eq!(claimed[0].gap_after, None);
    // Another module: the dead one waits again, but what is on its way stays so.
    let newer = PluginTarget { digest: "d2".into(), ..wants("p", &["content-deleted"]) };
    assert!(store.sync_targets(&[newer], 205).await?);
    store.settle(target, vec![settled(&claimed[0], Next::Done(Vec::new()))], 206).await?;
    let claimed = store.claim_deliveries(target, 207, LEASE, 9).await?;
    assert_eq!(claimed.iter().map(|c| (&*c.event.id, c.attempt, c.replay)).collect::<Vec<_>>(), [(&*ids[0], 1, false)]);
    store.settle(target, vec![settled(&claimed[0], Next::Dead)], 208).await?;
    let details = store.event(&ids[0]).await?;
    assert_eq!(details.deliveries[0].0.state, DeliveryState::Dead);
    assert_eq!(details.deliveries[0].1.len(), 3);
    // Replayed by an operator, with its id.
    let chosen = Chosen { event: Some(ids[1].clone()), ..Chosen::default() };
    assert_eq!(store.replay(&chosen, 300).await?, 1);
    let claimed = store.claim_deliveries(target, 300, LEASE, 9).await?;
    assert_eq!(claimed.iter().map(|c| (&*c.event.id, c.replay)).collect::<Vec<_>>(), [(&*ids[1], true)]);
    store.settle(target, vec![settled(&claimed[0], Next::Done(Vec::new()))], 301).await?;
    assert_eq!(store.replay(&Chosen { target: Some("p".into()), ..Chosen::default() }, 302).await?, 1);
    assert_eq!(store.discard(&Chosen { target: Some("p".into()), ..Chosen::default() }, 303).await?, 1);
    assert_eq!(drain(&store, target, 304).await?, Vec::<String>::new());
    assert_eq!(store.unsettled(&ids).await?, 0);
    assert!(is_missing(&store.replay(&Chosen { target: Some("x".into()), ..Chosen::default() }, 0).await, "target"));
    Ok(())
}

/// Events that are never queued: they go after a while whatever waits, once, and not at all to a target that is away.
pub(super) async fn best_effort((store, _): Pair) -> Result<()> {
    store.sync_targets(&[wants("p", &["content-deleted", "course-deleted"])], 0).await?;
    let target = store.target("p", "").await?.id;
    store.announce(vec![deleted("1"), Happening::CourseDeleted { course: "1".into() }, deleted("1")], None).await?;
    store.fan_out(0, 100).await?;
    let claimed = store.claim_deliveries(target, 0, LEASE, 9).await?;
    assert_eq!(claimed.len(), 1);
    store.settle(target, vec![settled(&claimed[0], Next::Later { due_ms: 1_000_000, poison: 0 })], 1).await?;
    store.fan_out(1999, 100).await?;
    assert!(store.claim_deliveries(target, 1999, LEASE, 9).await?.is_empty());
    store.fan_out(2000, 100).await?;
    let claimed = store.claim_deliveries(target, 2000, LEASE, 9).await?;
    assert!(claimed.len() == 1 && claimed[0].direct && claimed[0].event.what.name() == "course-deleted");
    store.settle(target, vec![settled(&claimed[0], Next::Dropped)], 2001).await?;
    assert!(store.claim_deliveries(target, 3000, LEASE, 9).await?.is_empty());
    assert_eq!(drain(&store, target, 1_000_000).await?, ["content-deleted"; 2]);
    store.set_target_state(target, TargetState::Unavailable, "operator", 1_000_001).await?;
    store.announce(vec![Happening::CourseDeleted { course: "2".into() }], None).await?;
    assert_eq!(store.fan_out(1_000_002, 100).await?, FanOut { events: 1, deliveries: 0 });
    Ok(())
}

/// Who wants to hear of their own things only does so.
pub(super) async fn only_own((store, _): Pair) -> Result<()> {
    let mut plugin = wants("p", &["content-deleted"]);
    if let Some(own) = &mut plugin.own {
        own.subscriptions[0].only_own = true;
    }
    store.sync_targets(&[plugin, wants("q", &["content-deleted"])], 0).await?;
    let content = Address { course: "x:1".into(), content: "x:1".into() };
    assert!(store.set_external_id("p", "", &content, "mine", None).await?);
    let gone =
        |content| Happening::ContentDeleted { content, external_id: String::new(), cause: DeletionCause::Delete };
    let strange = Address { course: "x:1".into(), content: "x:2".into() };
    let ids = store.announce(vec![gone(content), gone(strange)], None).await?;
    assert_eq!(store.fan_out(0, 100).await?, FanOut { events: 2, deliveries: 3 });
    let filter = DeliveryFilter { target: Some("p".into()), ..Default::default() };
    let told: Vec<_> = store.deliveries(&filter).await?.into_iter().map(|d| d.event).collect();
    assert_eq!(told, ids[..1]);
    Ok(())
}

/// What waited too long is given up, dead letters lose their payload, records go.
pub(super) async fn retention((store, _): Pair) -> Result<()> {
    store.sync_targets(&[wants("p", &["content-deleted"])], 0).await?;
    let target = store.target("p", "").await?.id;
    let keep = Retention { parked_ms: 100, absent_ms: 200, dead_ms: 1000, done_ms: 50, notices_ms: 1_000_000 };
    let ids = store.announce(vec![deleted("1"), deleted("2"), deleted("1")], None).await?;
    store.fan_out(0, 100).await?;
    let claimed = store.claim_deliveries(target, 0, LEASE, 1).await?;
    store.settle(target, vec![settled(&claimed[0], Next::Done(Vec::new()))], 10).await?;
    assert_eq!(store.expire(&keep, 60).await?, Expired { given_up: 0, purged: 0, removed: 1 });
    assert_eq!(store.expire(&keep, 100).await?.given_up, 2);
    let dead = store.deliveries(&DeliveryFilter { state: Some(DeliveryState::Dead), ..Default::default() }).await?;
    assert_eq!(dead.iter().map(|d| &*d.reason).collect::<Vec<_>>(), ["expired"; 2]);
    assert!(store.event(&ids[1]).await?.event.what.is_some());
    assert_eq!(store.expire(&keep, 1100).await?.purged, 2);
    assert!(store.event(&ids[1]).await?.event.what.is_none());
    // What has lost its payload cannot be sent again.
    assert_eq!(store.replay(&Chosen { event: Some(ids[1].clone()), ..Chosen::default() }, 1200).await?, 0);
    store.notify(Some(2), "k", "told", 5000).await?;
    store.notify(None, "k", "the operator", 6000).await?;
    store.notify(Some(3), "k", "somebody else", 7000).await?;
    for (whose, times) in [
        (Whose::Everybody, &[7, 6, 5][..]),
        (Whose::Operator, &[6]),
        (Whose::Person(2), &[5]),
        (Whose::Administrator(3), &[7, 6]),
    ] {
        let listed = store.notices(&NoticeFilter { whose, ..NoticeFilter::default() }).await?;
        assert_eq!(listed.iter().map(|n| n.created).collect::<Vec<_>>(), times, "{whose:?}");
    }
    let all = store.notices(&NoticeFilter::default()).await?;
    assert_eq!(store.see_notices(all[0].id, Whose::Administrator(2)).await?, 2);
    assert_eq!(store.see_notices(all[0].id, Whose::Administrator(2)).await?, 0);
    let unseen = store.notices(&NoticeFilter { unseen: true, ..NoticeFilter::default() }).await?;
    assert_eq!(unseen.iter().map(|n| n.person).collect::<Vec<_>>(), [Some(3)]);
    let older = NoticeFilter { before: all[0].id, limit: 1, ..NoticeFilter::default() };
    assert_eq!(store.notices(&older).await?, [Notice { seen: true, ..all[1].clone() }]);
    store.expire(&keep, 1_006_000).await?;
    assert_eq!(store.notices(&NoticeFilter::default()).await?, all[..1]);
    Ok(())
}

/// Deliveries are listed newest first, a page after the other, those of one event too.
/// What a job makes that a handler queued comes of the event that was handled.
pub(super) async fn causes_go_on_through_jobs((store, _): Pair) -> Result<()> {
    let job = NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 0,
        course: None,
        shared: false,
        key: String::new(),
    };
    let caused = "0123456789abcdef0123456789abcdef".to_owned();
    store.carry_out("p", &[Effect::Enqueue { id: caused.clone(), job: job.clone(), hops: 3 }]).await?;
    let own = store.enqueue(job).await?;
    for (id, hops) in [(caused, 3), (own, 0)] {
        let lease = store.claim("w", Some(&id), 60, 5).await?.expect("due").lease;
        let mut d = store.draft(course_named(&id), Origin::default(), "{}".into(), Some(lease.clone())).await?;
        d.announce(vec![copied("1", "2"), deleted("1")]).await?;
        let told = d.events().await?;
        assert_eq!(told.iter().map(|event| event.hops).collect::<Vec<_>>(), [hops; 2]);
        d.discard().await?;
        store.end(&lease, JobEnd::Succeeded("{}".into()), 5).await?;
    }
    Ok(())
}

pub(super) async fn pages((store, _): Pair) -> Result<()> {
    let plugins = ["p", "q", "r"].map(|plugin| wants(plugin, &["content-deleted"]));
    store.sync_targets(&plugins, 0).await?;
    store.announce(vec![deleted("1"), deleted("2")], None).await?;
    store.fan_out(0, 100).await?;
    for oldest_first in [false, true] {
        let (mut listed, mut after) = (Vec::new(), 0);
        loop {
            let filter = DeliveryFilter { after, limit: 2, oldest_first, ..DeliveryFilter::default() };
            let page = store.deliveries(&filter).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            listed.extend(page.into_iter().map(|d| (d.sequence, d.target)));
        }
        if !oldest_first {
            listed.reverse();
        }
        let targets: Vec<&str> = listed.iter().map(|(_, target)| target.as_str()).collect();
        assert_eq!(targets, ["p", "q", "r", "p", "q", "r"]);
        assert!(listed.is_sorted_by_key(|(sequence, _)| *sequence), "{listed:?}");
    }
    Ok(())
}

/// Random events, batches and outcomes: in every lane what ends, ends in order, and everything ends.
pub(super) async fn lanes_keep_order((store, _): Pair, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    store.sync_targets(&[wants("p", &["content-copied", "content-deleted"])], 0).await?;
    let target = store.target("p", "").await?.id;
    let course = |random: &mut StdRng| random.random_range(0..4).to_string();
    let mut now = 0;
    let mut ended: HashMap<String, Vec<u64>> = HashMap::new();
    let mut flying: Vec<Vec<Claimed>> = Vec::new();
    let mut over = 0;
    let mut announced = 0;
    for step in 0.. {
        assert!(step < 10_000, "it never ends");
        now += 1;
        match random.next_u32() % 4 {
            0 if announced < 150 => {
                let count = random.random_range(1..20);
                let some = (0..count).map(|_| match random.random_range(0..3) {
                    0 => deleted(&course(&mut random)),
                    _ => copied(&course(&mut random), &course(&mut random)),
                });
                let some: Vec<_> = some.collect();
                announced += some.len();
                store.announce(some, None).await?;
                store.fan_out(now, random.random_range(1..30)).await?;
            }
            1 => {
                store.fan_out(now, 100).await?;
                let claimed = store.claim_deliveries(target, now, 1 << 40, random.random_range(1..12)).await?;
                if !claimed.is_empty() {
                    flying.push(claimed);
                }
            }
            _ if !flying.is_empty() => {
                let at = random.random_range(0..flying.len());
                let batch = flying.swap_remove(at);
                // As a call does: up to the first that is not final.
                let mut all = Vec::new();
                let mut stopped = false;
                for one in &batch {
                    let next = match random.random_range(0..10) {
                        _ if stopped => Next::Uncounted,
                        0 => Next::Later { due_ms: now + 5, poison: 0 },
                        1 => Next::Uncounted,
                        2 => Next::Dropped,
                        3 => Next::Dead,
                        _ => Next::Done(Vec::new()),
                    };
                    stopped |= matches!(next, Next::Later { .. } | Next::Uncounted);
                    if !stopped {
                        over += 1;
                        for lane in one.event.what.courses() {
                            ended.entry(lane.to_owned()).or_default().push(one.event.sequence);
                        }
                    }
                    all.push(settled(one, next));
                }
                store.settle(target, all, now).await?;
            }
            _ => {}
        }
        if announced >= 150 && over == announced {
            break;
        }
    }
    let sorted: BTreeMap<&String, bool> = ended.iter().map(|(lane, all)| (lane, all.is_sorted())).collect();
    assert!(sorted.values().all(|sorted| *sorted), "seed {seed}: {ended:?}");
    assert_eq!(store.target("p", "").await?.waiting, 0);
    Ok(())
}
