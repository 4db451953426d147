//! Progress on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use provost_store::api::{Job, JobState};

/// A bar for a job; nothing where standard error is no terminal.
pub struct JobBar(ProgressBar);

impl JobBar {
    /// A bar that says what is done.
    pub fn new(what: &str) -> Self {
        let bar = ProgressBar::new(1000);
        if let Ok(style) = ProgressStyle::with_template("{msg:30} [{bar:40}] {percent:>3} % {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        Self(bar)
    }

    /// Shows how far the job is.
    pub fn show(&self, job: &Job) {
        if job.state == JobState::Running {
            self.0.set_position((job.progress * 1000.0) as u64);
        }
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.0.finish_and_clear();
    }
}
