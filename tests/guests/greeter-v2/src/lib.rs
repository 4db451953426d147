//! Test guest: the greeter's next version, with a gate that can refuse traffic.

use provost_guest::prelude::*;

/// The plugin.
pub struct Greeter;

#[derive(serde::Deserialize, Describe)]
struct Whom {
    /// Who is greeted.
    name: String,
}

#[derive(serde::Serialize, Describe)]
struct Greeting {
    /// What is said.
    text: String,
    /// The version that says it.
    version: String,
}

fn greet(_: &Caller, whom: Whom) -> Result<Greeting> {
    Ok(Greeting { text: format!("Good evening, {}!", whom.name), version: "2.0.0".to_owned() })
}

impl WebService for Greeter {
    fn functions() -> Vec<Function> {
        vec![Function::new("greeter_greet", "Greets somebody.", greet)]
    }
}

impl Lifecycle for Greeter {
    fn state_change(change: Change, other: Option<String>) -> Result<()> {
        let refused = provost_guest::config::get("refuse").is_some_and(|value| value == "true");
        match change {
            Change::Available if refused => Err(Error::failed(format!(
                "the greeter refuses to replace {}, as its configuration says",
                other.as_deref().unwrap_or("nothing")
            ))),
            _ => Ok(()),
        }
    }
}

export_plugin!(Greeter: web_service, lifecycle; manifest = "../plugin.json");
