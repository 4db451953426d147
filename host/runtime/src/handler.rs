//! Event handlers.

use crate::{Outcome, Plugin};
use provost_store::api::{self, Effect};
use std::time::Duration;

/// An event on its way to one target of a plugin.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Delivery {
    pub target: String,
    pub event: api::Event,
    pub hidden: Option<Hidden>,
    pub attempt: u32,
    pub deferred: bool,
    pub replay: bool,
    pub gap_after: Option<String>,
}

/// What a change that is not published makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Hidden {
    pub courses: Vec<String>,
    pub contents: Vec<api::Address>,
}

/// What a handler decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Verdict {
    Done,
    RetryLater(Option<u32>),
    Abort(String),
    NoAnswer { code: String, message: String, after: Option<u32>, gone: bool },
}

/// How a delivery went.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Handled {
    pub outcome: Outcome<Verdict>,
    pub effects: Vec<Effect>,
    pub took: Duration,
}

/// Time that handlers may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HandleBounds {
    pub each: Duration,
    pub all: Option<Duration>,
}

impl Plugin {
    /// Calls the handler.
    pub async fn handle(&self, _: Vec<Delivery>, _: HandleBounds) -> Vec<Handled> {
        vec![Handled {
            outcome: Outcome::Unavailable("this host calls no handlers".into()),
            effects: Vec::new(),
            took: Duration::ZERO,
        }]
    }

    /// Its file's digest.
    pub fn digest(&self) -> &str {
        ""
    }
}
