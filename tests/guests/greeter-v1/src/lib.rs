//! Test guest: a plugin that greets, and that fails in each of the ways in which a plugin can fail.

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
    Ok(Greeting { text: format!("Good morning, {}!", whom.name), version: "1.0.0".to_owned() })
}

#[derive(serde::Deserialize, Describe)]
struct Failure {
    /// `error`, `panic`, `loop` (never ends) or `memory` (takes ever more).
    how: String,
}

fn fail(_: &Caller, failure: Failure) -> Result<Greeting> {
    match failure.how.as_str() {
        "panic" => panic!("the greeter panics as asked"),
        "loop" => loop {
            std::hint::black_box(());
        },
        "memory" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(std::hint::black_box(vec![1; 1 << 20]));
            }
        }
        how => Err(Error::failed(format!("the greeter fails as asked: {how}"))),
    }
}

impl WebService for Greeter {
    fn functions() -> Vec<Function> {
        vec![
            Function::new("greeter_greet", "Greets somebody.", greet),
            Function::new("greeter_fail", "Fails in the way asked for.", fail),
        ]
    }
}

export_plugin!(Greeter: web_service; manifest = "../plugin.json");
