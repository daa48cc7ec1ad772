//! Makes `services/`, `events.json` and `managed-policies.jsonl` anew from the unpacked sources.
fn main() {}
