//! Tests of `afresh show`: the timeline of a trace, for people and for programs.

mod filters;
mod output;
mod timeline;
mod walk;

/// A payment that is released, and a late capture of it; then a transfer and a bad amount.
pub(crate) const MESSAGES: [&str; 6] = [
    r#"{"at":"2026-03-14T09:26:53.5Z","in":{"id":"m-1","from":"bank","body":{"deposit":{"account":"a-1","amount":500,"on":1}}}}"#,
    r#"{"at":"2026-03-14T09:26:54Z","in":{"id":"m-2","from":"shop","body":{"hold":{"account":"a-1","payment":"p-1","amount":200,"on":2}}}}"#,
    r#"{"at":"2026-03-14T09:26:55Z","in":{"id":"m-3","from":"shop","body":{"release":{"account":"a-1","payment":"p-1","on":9}}}}"#,
    r#"{"at":"2026-03-14T09:26:56Z","in":{"id":"m-4","from":"shop","body":{"capture":{"account":"a-1","payment":"p-1","amount":150,"on":5}}}}"#,
    r#"{"at":"2026-03-14T09:26:57Z","in":{"id":"m-5","from":"bank","body":{"transfer":{"account":"a-1","to":"a-2","amount":100,"on":12}}}}"#,
    r#"{"in":{"id":"m-6","from":"bank","body":{"deposit":{"account":"a-3","amount":-5,"on":13}}}}"#,
];

/// A folder with these messages as `in.jsonl`, and with the record of the correct ledger as `recorded.jsonl`.
pub(crate) fn folder() -> afresh_tests::Folder {
    let folder = afresh_tests::Folder::default();
    folder.trace("in.jsonl", "ledger", &MESSAGES);
    folder.ok(&["replay", "in.jsonl", "--record", "recorded.jsonl"]);
    folder
}
