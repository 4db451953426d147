//! Clients that poll the status of a backup while it runs. The short form of the bench `pollers` (tests/benches/README.md):
//! no time is asserted, but that each answer is one.

use provost_tests::generate::SampleSize;
use provost_tests::live::Site;
use provost_tests::load::{Load, raise_open_files, run};
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;

const PROVOST: &str = env!("CARGO_BIN_EXE_provost");
const CLIENTS: usize = 50;

#[test]
fn every_poll_is_answered() {
    raise_open_files();
    let site = Site::warm(PROVOST);
    let size = SampleSize {
        activities: 300,
        people: 50,
        log_rows: 10_000,
        files: 60,
        file_bytes: 500_000,
        compressible_share: 0.5,
    };
    let course = site.import(&site.generated("course.mbz", &size));
    let mut server = site.serve(&[]);
    let rest = server.rest(&site.token("admin"));
    for function in ["core_course_backup_async_get_status", "core_backup_get_async_backup_progress"] {
        let job = rest.start_backup(course, &[("options[users]", "1"), ("options[logs]", "1")]);
        let context = site.json(&["course", "show", &course.to_string()])["contextid"].to_string();
        let control = format!("wstoken={}&wsfunction={function}&moodlewsrestformat=json", rest.token);
        let parameters = match function {
            "core_course_backup_async_get_status" => format!("backupid={job}"),
            _ => format!("backupids[0]={job}&contextid={context}"),
        };
        let target = format!("/webservice/rest/server.php?{control}&{parameters}");
        let states: &'static Mutex<Vec<i64>> = Box::leak(Box::default());
        let load = Load { clients: CLIENTS, pause: Duration::from_millis(10), time: Duration::from_secs(3) };
        let found = run(
            &server.address,
            load,
            move || target.clone(),
            move |status, body| {
                let answer: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
                let (state, progress) = (answer[0]["status"].as_i64(), answer[0]["progress"].as_f64());
                let (Some(state @ (700 | 800 | 1000)), Some(0.0..=1.0), 200) = (state, progress, status) else {
                    return Err(format!("status {status}: {answer}"));
                };
                states.lock().map_err(|e| e.to_string())?.push(state);
                Ok(())
            },
        );
        let found = found.expect("clients");
        println!("{function}: {CLIENTS} clients: {found}");
        assert_eq!((found.failed, &found.errors[..]), (0, &[][..]));
        assert!(found.latencies.len() >= CLIENTS, "each client was answered");
        let states = states.lock().expect("no client panicked");
        assert!(states.iter().any(|state| *state < 1000), "they asked while it ran");
        assert_eq!(rest.follow(&job).last(), Some(&(1000, 1.0)));
    }
    assert!(server.lives());
}
