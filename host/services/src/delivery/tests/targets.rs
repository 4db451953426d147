//! Targets that come back, are away, or are switched.

use super::*;

/// What the rate of a flush holds back is waited for, in order, as long as there is time; what does not go in that time is still there.
#[tokio::test]
async fn a_flush_goes_to_its_end_or_says_what_is_left() -> Outcomes {
    let world = World::new().await?;
    world.engine.disable("p", "").await?;
    world.store.announce((0..250).map(|n| gone(&n.to_string())).collect(), None).await?;
    world.pass(BEGIN + 10).await?;
    world.calls("p");
    world.engine.enable("p", "").await?;
    world.engine.settle_flushes(Duration::from_secs(1)).await?;
    let first = world.calls("p");
    assert!((50..=102).contains(&first.len()), "{} in the first second", first.len());
    let left = world.store.target("p", "").await?.waiting;
    // The gate was a call, too.
    assert_eq!(left, 250 - (first.len() as u64 - 1));
    world.engine.settle_flushes(Duration::from_secs(10)).await?;
    let told = [first, world.calls("p")].concat();
    let sequence: Vec<u64> = told.iter().map(|d| d.event.sequence).filter(|s| *s > 0).collect();
    assert_eq!(sequence, (1..=250).collect::<Vec<_>>());
    assert_eq!(world.store.target("p", "").await?.waiting, 0);
    let took = world.clock.now_ms() - BEGIN;
    assert!((3_900..6_000).contains(&took), "{took} ms for 250 at 50 a second");
    Ok(())
}

/// A target that answers pings is asked by one before an event is spent on it; what the event comes to decides.
#[tokio::test]
async fn a_target_in_quarantine_is_pinged_first() -> Outcomes {
    let world = World::new().await?;
    let subscriptions = ["content-deleted", "target-ping"].map(|e| Subscription { event: e.into(), only_own: false });
    let (plugin, title) = ("p".to_owned(), "p".to_owned());
    let fields = TargetFields {
        plugin: plugin.clone(),
        name: String::new(),
        title,
        subscriptions: subscriptions.into(),
        remote: false,
        timeout: 5,
    };
    let own = PluginTarget { plugin, digest: "d".into(), own: Some(fields) };
    world.store.sync_targets(&[own], BEGIN).await?;
    world.does(|_, _| Outcome::Timeout);
    world.store.announce((0..5).map(|n| gone(&n.to_string())).collect(), None).await?;
    world.pass(BEGIN).await?;
    assert!(world.store.target("p", "").await?.health.is_quarantined());
    assert_eq!(world.calls("p").len(), 5);
    world.pass(BEGIN + HOUR).await?;
    let names: Vec<_> = world.calls("p").iter().map(|d| d.event.what.name().to_owned()).collect();
    assert!(names.len() > 3 && names.iter().all(|name| name == "target-ping"), "{names:?}");
    assert!(world.of("p").await?.iter().all(|d| d.attempts == 1), "no event was spent on it");
    // It says that it is there and is not: the pause goes on growing.
    let before = world.store.target("p", "").await?.health.opened;
    world.does(|_, d| match d.event.what {
        Happening::TargetPing => Outcome::Ok(Verdict::Done),
        _ => Outcome::Timeout,
    });
    world.pass(world.clock.now_ms() + 15 * 60_000).await?;
    let names: Vec<_> = world.calls("p").iter().map(|d| d.event.what.name().to_owned()).collect();
    assert_eq!(names, ["target-ping", "content-deleted"]);
    assert_eq!(world.store.target("p", "").await?.health.opened, before + 1);
    // A refusal to be there is no word of life.
    world.does(|_, _| refusal());
    world.pass(world.clock.now_ms() + 15 * 60_000).await?;
    assert_eq!(world.calls("p").len(), 1);
    world.does(done);
    world.pass(world.clock.now_ms() + HOUR).await?;
    let names: Vec<_> = world.calls("p").iter().map(|d| d.event.what.name().to_owned()).collect();
    assert_eq!(names.iter().filter(|name| *name == "target-ping").count(), 1);
    assert_eq!(names.len(), 6);
    assert_eq!(world.store.target("p", "").await?.waiting, 0);
    Ok(())
}

/// What an operator switched off no plugin switches on; what a plugin or the host switched off it may.
#[tokio::test]
async fn an_operators_switch_wins() -> Outcomes {
    let world = World::new().await?;
    world.engine.disable("p", "").await?;
    for to in [TargetState::Available, TargetState::Inactive] {
        let refused = world.engine.switch_target("p", "", to).await;
        assert!(refused.is_err_and(|e| e.to_string().contains("an operator made p unavailable")));
    }
    world.engine.switch_target("p", "", TargetState::Unavailable).await?;
    let off = world.store.target("p", "").await?;
    assert_eq!((off.state, &*off.reason), (TargetState::Unavailable, BY_OPERATOR));
    // Nor does it come between an operator and a call that is under way.
    let late = world.store.set_target_state(off.id, TargetState::Available, BY_PLUGIN, BEGIN).await;
    assert!(matches!(late, Err(StoreError::Conflict { kind: "operator", .. })));
    world.engine.enable("p", "").await?;
    for (to, reason) in [(TargetState::Unavailable, BY_PLUGIN), (TargetState::Available, "")] {
        world.engine.switch_target("p", "", to).await?;
        let now = world.store.target("p", "").await?;
        assert_eq!((now.state, &*now.reason), (to, reason));
    }
    world.store.set_target_state(off.id, TargetState::Unavailable, "failing", BEGIN).await?;
    world.engine.switch_target("p", "", TargetState::Available).await?;
    Ok(())
}
