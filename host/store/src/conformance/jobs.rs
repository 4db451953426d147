//! The queue, and what a lost lease forbids.

use super::*;

fn job(key: &str) -> NewJob {
    NewJob {
        plugin: "p".into(),
        kind: "k".into(),
        payload: "{}".into(),
        person: 2,
        course: Some(5),
        shared: false,
        key: key.into(),
    }
}

pub async fn queue((store, _): Pair) -> Result<()> {
    let first = store.enqueue(job("a")).await?;
    assert_eq!(store.enqueue(job("a")).await?, first);
    let second = store.enqueue(job("")).await?;
    assert_ne!(store.enqueue(job("")).await?, second);
    assert_eq!(store.jobs(JobFilter::default()).await?.len(), 3);
    assert!(is_missing(&store.job("none").await, "job"));

    let claimed = store.claim("w", None, 60, 3).await?.expect("three are due");
    assert_eq!((claimed.job.id.as_str(), claimed.job.attempts, claimed.lease.epoch), (first.as_str(), 1, 1));
    assert!(store.claim("w", Some(&first), 60, 3).await?.is_none());
    assert_eq!(store.claim("w", Some(&second), 60, 3).await?.map(|c| c.job.id), Some(second.clone()));
    store.set_progress(&claimed.lease, 0.5).await?;
    store.set_progress(&claimed.lease, 0.25).await?;
    store.set_progress(&claimed.lease, f64::NAN).await?;
    store.add_warning(&claimed.lease, "one").await?;
    store.add_warning(&claimed.lease, "two").await?;
    let seen = store.job(&first).await?;
    assert_eq!((seen.state, seen.progress), (JobState::Running, 0.5));
    assert_eq!(seen.warnings, ["one", "two"]);

    store.end(&claimed.lease, JobEnd::Interrupted, 3).await?;
    assert_eq!((store.job(&first).await?.state, store.job(&first).await?.attempts), (JobState::Queued, 0));
    let claimed = store.claim("w", Some(&first), 60, 3).await?.expect("due at once");
    assert_eq!((claimed.job.attempts, claimed.lease.epoch, claimed.job.progress), (1, 2, 0.5));

    store.end(&claimed.lease, JobEnd::Retry("hm".into(), 3600), 3).await?;
    assert_eq!(store.job(&first).await?.state, JobState::Queued);
    assert!(store.claim("w", Some(&first), 60, 3).await?.is_none(), "not due yet");
    assert!(is_lost(&store.heartbeat(&claimed.lease, 60).await));
    assert!(store.cancel(&first).await?);
    assert_eq!(store.job(&first).await?.state, JobState::Cancelled);
    assert!(!store.cancel(&first).await?);

    let third = store.claim("w", None, 60, 1).await?.expect("the third").lease;
    store.end(&third, JobEnd::Retry("spent".into(), 0), 1).await?;
    let failed = store.job(&third.job).await?;
    assert_eq!((failed.state, failed.reason.as_str()), (JobState::Failed, "spent"));
    let running = JobFilter { state: Some(JobState::Running), course: Some(5), limit: 10 };
    assert_eq!(store.jobs(running).await?.into_iter().map(|j| j.id).collect::<Vec<_>>(), [second]);
    Ok(())
}

/// A run that made things visible and then died, or failed, leaves nothing; one that succeeded leaves all.
pub async fn unsuccessful_runs_leave_nothing((store, blobs): Pair) -> Result<()> {
    let id = store.enqueue(job("")).await?;
    let file = |name: &str, blob: &BlobRef| NewAreaFile {
        context: 1,
        component: "backup".into(),
        area: "course".into(),
        item: 0,
        path: "/".into(),
        name: name.into(),
        blob: blob.clone(),
        mimetype: String::new(),
        person: 2,
    };
    let blob = blobs.put("b".into()).await?;
    let old = store.put_area_file(file("old", &blob), OnTaken::Refuse, None).await?;
    let names = async || -> Result<Vec<String>> {
        Ok(store.area_files(1, "backup", "course", 0).await?.into_iter().map(|f| f.name).collect())
    };
    // The first run is killed after its last step, the second one fails, the third one succeeds.
    for (run, seconds) in [(1, 0), (2, 60), (3, 60)] {
        let claimed = store.claim("w", Some(&id), seconds, 5).await?.expect("due");
        assert_eq!(names().await?, ["old"], "run {run}");
        assert_eq!(store.course_by_shortname("x").await?, None, "run {run}");
        let lease = claimed.lease;
        let draft = store.draft(course_named("x"), Origin::default(), "{}".into(), Some(lease.clone())).await?;
        draft.publish().await?;
        store.put_area_file(file("b", &blob), OnTaken::Refuse, Some(&lease)).await?;
        store.delete_area_file(old.id, Some(&lease)).await?;
        match run {
            2 => store.end(&lease, JobEnd::Retry("hm".into(), 0), 5).await?,
            3 => store.end(&lease, JobEnd::Succeeded("{}".into()), 5).await?,
            _ => {}
        }
    }
    assert!(store.claim("w", Some(&id), 60, 5).await?.is_none());
    assert_eq!(names().await?, ["b"]);
    assert!(store.course_by_shortname("x").await?.is_some());
    Ok(())
}

pub async fn leases((store, blobs): Pair) -> Result<()> {
    let id = store.enqueue(job("")).await?;
    let old = store.claim("w1", None, 0, 2).await?.expect("due").lease;
    let new = store.claim("w2", None, 60, 2).await?.expect("lapsed").lease;
    assert_eq!((new.job.as_str(), new.epoch), (id.as_str(), 2));
    assert!(is_lost(&store.set_progress(&old, 0.1).await));
    assert!(is_lost(&store.end(&old, JobEnd::Succeeded("{}".into()), 2).await));
    let refused = store.draft(course_named("x"), Origin::default(), "{}".into(), Some(old.clone())).await;
    assert!(is_lost(&refused.map(drop)));
    let blob = blobs.put("b".into()).await?;
    let file = NewAreaFile {
        context: 1,
        component: "backup".into(),
        area: "course".into(),
        item: 0,
        path: "/".into(),
        name: "b".into(),
        blob,
        mimetype: String::new(),
        person: 2,
    };
    assert!(is_lost(&store.put_area_file(file.clone(), OnTaken::Refuse, Some(&old)).await));
    store.put_area_file(file, OnTaken::Refuse, Some(&new)).await?;

    let mut d = store.draft(course_named("x"), Origin::default(), "{}".into(), Some(new.clone())).await?;
    d.add_section(SectionFields::default()).await?;
    assert!(store.cancel(&id).await?);
    assert!(is_lost(&store.heartbeat(&new, 60).await));
    assert!(is_lost(&d.publish().await));
    store.end(&new, JobEnd::Cancelled, 2).await?;
    assert_eq!(store.job(&id).await?.state, JobState::Cancelled);
    assert!(store.course_by_shortname("x").await?.is_none());

    // Attempts spent by dying workers end the job.
    let id = store.enqueue(job("")).await?;
    store.claim("w", None, 0, 1).await?.expect("due");
    assert!(store.claim("w", None, 0, 1).await?.is_none());
    assert_eq!(store.job(&id).await?.state, JobState::Failed);
    Ok(())
}
