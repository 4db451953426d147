//! Bounds of a call.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Bounds of a plugin's calls. A manifest may ask for less or, up to the operator's maximum, for more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Limits {
    /// Linear memory of an instance, MiB.
    pub memory_mib: u32,
    /// Elements of all its tables.
    pub table_elements: u32,
    /// CPU seconds of a web-service call.
    pub call_cpu_seconds: u32,
    /// Wall-clock seconds of a web-service call.
    pub call_seconds: u32,
    /// CPU seconds of one run of a job, host calls not counted.
    pub job_cpu_seconds: u32,
    /// Wall-clock seconds of one run of a job.
    pub job_seconds: u32,
    /// Size of an answer, KiB.
    pub output_kib: u32,
    /// Host-side resources (snapshots, archives, …) at one time.
    pub resources: u32,
    /// Log lines of a call; what exceeds them is counted and dropped.
    pub log_lines: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: 64,
            table_elements: 20_000,
            call_cpu_seconds: 10,
            call_seconds: 30,
            job_cpu_seconds: 3_600,
            job_seconds: 6 * 3_600,
            output_kib: 16 * 1024,
            resources: 64,
            log_lines: 1_000,
        }
    }
}

impl Limits {
    /// The most an operator's default lets a manifest ask for.
    pub fn ceiling() -> Self {
        Self {
            memory_mib: 256,
            table_elements: 100_000,
            call_cpu_seconds: 60,
            call_seconds: 300,
            job_cpu_seconds: 24 * 3_600,
            job_seconds: 48 * 3_600,
            output_kib: 64 * 1024,
            resources: 1_024,
            log_lines: 100_000,
        }
    }

    /// Each bound, at most that of `ceiling`.
    #[must_use]
    pub fn at_most(&self, ceiling: &Limits) -> Limits {
        Limits {
            memory_mib: self.memory_mib.min(ceiling.memory_mib),
            table_elements: self.table_elements.min(ceiling.table_elements),
            call_cpu_seconds: self.call_cpu_seconds.min(ceiling.call_cpu_seconds),
            call_seconds: self.call_seconds.min(ceiling.call_seconds),
            job_cpu_seconds: self.job_cpu_seconds.min(ceiling.job_cpu_seconds),
            job_seconds: self.job_seconds.min(ceiling.job_seconds),
            output_kib: self.output_kib.min(ceiling.output_kib),
            resources: self.resources.min(ceiling.resources),
            log_lines: self.log_lines.min(ceiling.log_lines),
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_mib as usize * 1024 * 1024
    }
    pub(crate) fn output_bytes(&self) -> usize {
        self.output_kib as usize * 1024
    }
    pub(crate) fn call_time(&self) -> Duration {
        Duration::from_secs(self.call_seconds.into())
    }
    pub(crate) fn job_time(&self) -> Duration {
        Duration::from_secs(self.job_seconds.into())
    }
}

/// What an instance has taken, for wasmtime to ask before it grows.
pub(crate) struct Growth {
    memory: usize,
    tables: usize,
    /// Whether a request was refused: tells a trap for want of memory from another.
    pub refused: bool,
}

impl Growth {
    pub fn new(limits: &Limits) -> Self {
        Self { memory: limits.memory_bytes(), tables: limits.table_elements as usize, refused: false }
    }
}

impl wasmtime::ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, desired: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired.saturating_sub(current) <= self.memory;
        if fits {
            self.memory -= desired.saturating_sub(current);
        } else {
            self.refused = true;
        }
        Ok(fits)
    }
    fn table_growing(&mut self, current: usize, desired: usize, _max: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired.saturating_sub(current) <= self.tables;
        if fits {
            self.tables -= desired.saturating_sub(current);
        } else {
            self.refused = true;
        }
        Ok(fits)
    }
}
