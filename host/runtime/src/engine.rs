//! The one engine of a process: settings, the clock that interrupts guests, compiled code.

use crate::cache::CacheDir;
use crate::plugin::LoadError;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use wasmtime::component::Component;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often the epoch moves on: the grain of CPU budgets.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Settings of the engine. The defaults are those that won in `tests/benches` (fresh instance per call).
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Calls at one time; more wait.
    pub instances: u32,
    /// Whether instances come from a pool (falls back to none where the address space is too small).
    pub pooling: bool,
    /// Bytes of a pooled instance's memory that stay resident between calls.
    pub keep_resident: usize,
    /// wasmtime's component-model concurrency: off, since the contract has no async functions and off is faster. On needs
    /// wasmtime's cargo feature `component-model-async`, which only the benchmark asks for.
    pub concurrency: bool,
    /// Where compiled code is kept; nowhere by default.
    pub cache: Option<CacheDir>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { instances: 64, pooling: true, keep_resident: 1 << 20, concurrency: false, cache: None }
    }
}

/// Why there is no engine, or no component.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine cannot be set up.
    #[error("cannot set up the WebAssembly engine: {0}")]
    Setup(String),
    /// A component does not compile.
    #[error("the component does not compile: {0}")]
    Compile(String),
}

/// Compiles components and interrupts guests. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) wasm: wasmtime::Engine,
    pub(crate) slots: Arc<Semaphore>,
    cache: Option<CacheDir>,
    fingerprint: u64,
    pooling: bool,
}

impl Engine {
    /// Sets up an engine and its ticker, a thread that ends with the engine.
    pub fn new(options: &EngineOptions) -> Result<Self, EngineError> {
        let pooled = options.pooling.then(|| wasmtime::Engine::new(&config(options, true)));
        let (wasm, pooling) = match pooled {
            Some(Ok(engine)) => (engine, true),
            other => {
                if let Some(Err(error)) = other {
                    tracing::warn!(%error, "no instance pool on this machine; calls will be slower");
                }
                (wasmtime::Engine::new(&config(options, false)).map_err(|e| EngineError::Setup(e.to_string()))?, false)
            }
        };
        let mut hasher = std::hash::DefaultHasher::new();
        wasm.precompile_compatibility_hash().hash(&mut hasher);
        let ticked = wasm.weak();
        // A thread of its own: a guest that spins on the executor must not stop the clock that will interrupt it.
        std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while let Some(engine) = ticked.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            })
            .map_err(|e| EngineError::Setup(e.to_string()))?;
        Ok(Self {
            wasm,
            slots: Arc::new(Semaphore::new(options.instances as usize)),
            cache: options.cache.clone(),
            fingerprint: hasher.finish(),
            pooling,
        })
    }

    /// Whether instances come from a pool.
    pub fn is_pooling(&self) -> bool {
        self.pooling
    }

    /// The engine below, for comparisons with bare wasmtime.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasm
    }

    /// The component that a plugin file, of this digest, becomes: from the cache, which holds only what was checked before it was compiled;
    /// else checked, compiled (blocking) and cached.
    pub(crate) fn component(&self, wasm: &[u8], digest: &str) -> Result<Component, LoadError> {
        if let Some(cache) = &self.cache
            && let Some(component) = cache.load(&self.wasm, self.fingerprint, digest)
        {
            return Ok(component);
        }
        let bytes = provost_componentize::componentize(wasm)?;
        let component =
            Component::from_binary(&self.wasm, &bytes).map_err(|e| EngineError::Compile(format!("{e:#}")))?;
        if let Some(cache) = &self.cache {
            cache.save(self.fingerprint, digest, &component);
        }
        Ok(component)
    }
}

fn config(options: &EngineOptions, pooling: bool) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.concurrency_support(options.concurrency);
    config.epoch_interruption(true);
    config.wasm_backtrace_max_frames(std::num::NonZero::new(20));
    if pooling {
        let instances = options.instances;
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(instances)
            .total_core_instances(instances * 4)
            .total_memories(instances)
            .total_tables(instances * 4)
            .total_stacks(instances)
            .max_memory_size(256 << 20)
            .table_elements(100_000)
            .max_component_instance_size(4 << 20)
            .max_core_instance_size(4 << 20)
            .linear_memory_keep_resident(options.keep_resident)
            .table_keep_resident(64 << 10)
            .pagemap_scan(Enabled::Auto);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        config.memory_reservation(256 << 20);
    }
    config
}
