//! A plugin with all three things a plugin can have: a web-service function, a kind of job, and a gate.

use provost_guest::prelude::*;
use provost_guest::{clock, config, jobs};

struct Greeter;

#[derive(serde::Deserialize, serde::Serialize, Describe)]
struct Whom {
    /// Who is greeted.
    name: String,
    /// How often.
    #[describe(default = 1)]
    times: u32,
}

#[derive(serde::Serialize, Describe)]
struct Greeting {
    /// What is said.
    text: String,
}

fn greeting() -> String {
    let set = config::get("greeting").and_then(|text| serde_json::from_str(&text).ok());
    set.unwrap_or_else(|| "Good morning".to_owned())
}

fn greet(_: &Caller, whom: Whom) -> Result<Greeting> {
    let once = format!("{}, {}!", greeting(), whom.name);
    Ok(Greeting { text: vec![once; whom.times as usize].join(" ") })
}

#[derive(serde::Serialize, Describe)]
struct Queued {
    /// The job's id.
    #[describe(kind = "ALPHANUM")]
    job: String,
}

fn greet_later(caller: &Caller, whom: Whom) -> Result<Queued> {
    let payload = serde_json::to_string(&whom)?;
    let key = String::new();
    let job = jobs::NewJob { kind: "greet".into(), payload, person: caller.person, course: None, key };
    Ok(Queued { job: jobs::enqueue(&job)? })
}

fn run_greeting(context: &JobContext, whom: Whom) -> Result<String> {
    let mut text = Vec::new();
    for time in 0..whom.times {
        text.push(format!("{}, {}!", greeting(), whom.name));
        context.progress(f64::from(time + 1) / f64::from(whom.times))?;
    }
    Ok(format!("{} {}", clock::format(clock::now(), "%H:%M"), text.join(" ")))
}

impl WebService for Greeter {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("example_greet", "Greets somebody.", greet),
            Function::new("example_greet_later", "Greets somebody in a job.", greet_later).writes(),
        ]
    }
}

impl JobRunner for Greeter {
    fn jobs() -> Jobs {
        Jobs::new().on("greet", run_greeting)
    }
}

impl Lifecycle for Greeter {
    fn state_change(change: Change, _: Option<String>) -> Result<()> {
        if change == Change::Available && greeting().is_empty() {
            return Err(Error::refused("greeting", "the configured greeting is empty"));
        }
        Ok(())
    }
}

export_plugin!(Greeter: web_service, jobs, lifecycle; manifest = "plugin.json");

#[cfg(test)]
mod tests {
    use super::{Greeter, Lifecycle};
    use provost_guest::testing::{self, TestHost};
    use provost_guest::{Change, Result, jobs};
    use serde_json::json;

    fn host() -> Result<TestHost> {
        let host = TestHost::new();
        host.manifest(include_str!("plugin.json"))?;
        Ok(host)
    }

    #[test]
    fn greets() -> Result<()> {
        let host = host()?;
        let answer = testing::call::<Greeter>("example_greet", json!({ "name": "Ada" }), &host.admin())?;
        assert_eq!(answer, json!({ "text": "Good morning, Ada!" }));
        host.set_config("greeting", json!("Hello"));
        let answer = testing::call::<Greeter>("example_greet", json!({ "name": "Ada", "times": 2 }), &host.admin())?;
        assert_eq!(answer, json!({ "text": "Hello, Ada! Hello, Ada!" }));
        Ok(())
    }

    #[test]
    fn greets_later() -> Result<()> {
        let host = host()?;
        let answer = testing::call::<Greeter>("example_greet_later", json!({ "name": "Ada" }), &host.admin())?;
        let ended = testing::run_enqueued::<Greeter>();
        assert_eq!(ended[0].id, answer["job"]);
        assert_eq!(
            (ended[0].state, ended[0].outcome.as_str()),
            (jobs::State::Succeeded, "\"09:00 Good morning, Ada!\"")
        );
        assert_eq!(host.progress(), [1.0]);
        Ok(())
    }

    #[test]
    fn refuses_to_say_nothing() -> Result<()> {
        let host = host()?;
        assert_eq!(Greeter::state_change(Change::Available, None), Ok(()));
        host.set_config("greeting", json!(""));
        assert!(Greeter::state_change(Change::Available, None).is_err());
        Ok(())
    }
}
