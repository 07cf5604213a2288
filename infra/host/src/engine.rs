//! The Wasm engine, its linker, and compiled components: kept on disk, so that a second start compiles nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::bindings::spin;
use crate::state::State;

/// Live instances at once, of all components of the process.
const MAX_INSTANCES: u32 = 1000;

/// The engine all apps of the process share: each pooling engine reserves terabytes of address space.
pub fn shared() -> Result<Engine> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine.clone());
    }
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    let mut pooling = config.clone();
    pooling.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    // Where address space is scarce the pool does not fit; instances are then mapped one by one.
    let engine = Engine::new(&pooling).or_else(|_| Engine::new(&config))?;
    Ok(ENGINE.get_or_init(|| engine).clone())
}

/// Spin's limits.
fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_memories(MAX_INSTANCES)
        .total_tables(MAX_INSTANCES.saturating_mul(2))
        .total_stacks(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES.saturating_mul(4))
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .max_memory_size(4 << 30)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(512 << 10);
    pool
}

/// Everything a guest may import.
pub fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    spin::key_value::key_value::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    spin::redis::redis::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    spin::sqlite::sqlite::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    spin::variables::variables::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// The name of a compiled component in the cache: a digest of all it was made of, and of the engine.
pub struct CacheKey(Sha256);

impl CacheKey {
    pub fn new(engine: &Engine) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self(Sha256::new_with_prefix(hasher.finish().to_le_bytes()))
    }

    pub fn add(&mut self, part: &[u8]) {
        self.0.update(part.len().to_le_bytes());
        self.0.update(part);
    }
}

/// Takes a component from the cache, or makes, compiles and keeps it.
pub fn load(
    engine: &Engine,
    cache: &Path,
    key: CacheKey,
    make: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<Component> {
    static WRITES: AtomicUsize = AtomicUsize::new(0);
    let digest: String = key.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let file = cache.join(format!("{digest}.cwasm"));
    if file.exists()
        && let Ok(component) = read(engine, &file)
    {
        return Ok(component);
    }
    let compiled = engine.precompile_component(&make()?)?;
    std::fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    // Written aside and renamed: nobody ever sees half a file.
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let aside = cache.join(format!("{digest}.{}.{write}", std::process::id()));
    let written = std::fs::write(&aside, compiled).and_then(|()| std::fs::rename(&aside, &file));
    written.with_context(|| format!("cannot write {}", file.display()))?;
    read(engine, &file)
}

#[expect(unsafe_code, reason = "wasmtime cannot prove that a file holds code it compiled")]
fn read(engine: &Engine, file: &Path) -> Result<Component> {
    // SAFETY: only `load` writes these files, whole, from `precompile_component`, in a folder that is the user's own;
    // wasmtime checks version and settings.
    let component = unsafe { Component::deserialize_file(engine, file) };
    Ok(component?)
}
