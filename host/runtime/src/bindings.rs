//! What wasmtime makes of the contract in `wit/`.
#![allow(missing_docs, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: {
        "provost:plugin/log": trappable,
        "provost:plugin/clock": trappable,
        "provost:plugin/random": trappable,
        "provost:plugin/config": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    additional_derives: [PartialEq],
    with: {
        "provost:plugin/course-store.snapshot": crate::imports::course_store::SnapshotHandle,
        "provost:plugin/course-store.draft": crate::imports::course_store::DraftHandle,
        "provost:plugin/archive.reader": crate::imports::archive::ReaderHandle,
        "provost:plugin/archive.writer": crate::imports::archive::WriterHandle,
    },
});
