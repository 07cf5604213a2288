//! Rust bindings of `wit/host.wit`: the Spin interfaces the host offers and the Redis handler it calls.

wasmtime::component::bindgen!({
    path: "wit",
    world: "jangteo:host/capabilities",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "spin:key-value/key-value.store": crate::key_value::Store,
        "spin:redis/redis.connection": crate::redis::Connection,
        "spin:sqlite/sqlite.connection": crate::sqlite::Connection,
    },
    // The interfaces' own errors: host functions return them, they never trap with them.
    trappable_error_type: {
        "spin:key-value/key-value.error" => spin::key_value::key_value::Error,
        "spin:redis/redis.error" => spin::redis::redis::Error,
        "spin:sqlite/sqlite.error" => spin::sqlite::sqlite::Error,
        "spin:variables/variables.error" => spin::variables::variables::Error,
    },
});
