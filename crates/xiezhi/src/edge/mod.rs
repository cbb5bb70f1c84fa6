//! Floor 5: where requests come in, and what happens by itself. Async lives here and nowhere else.

/// Copies of a node.
pub mod backup;
/// Reading the bodies of requests within limits.
pub mod body;
/// From a request to an answer: who asks, may he, run the handler.
pub mod call;
/// The clock of a demo.
pub mod clock;
/// From connections of devices into few writes.
pub mod collect;
/// Fire alarm panels over GB/T 26875.3.
pub mod gb26875;
/// Who asks, and whether he may.
pub mod guard;
/// The first page.
pub mod home;
/// Followers of the log, and timers.
pub mod jobs;
/// Answers that are the same for every visitor.
pub mod kept;
/// Event streams for live pages.
pub mod live;
/// Devices over MQTT.
pub mod mqtt;
/// `/openapi.json`, printed from the route tables.
pub mod openapi;
/// Whether the node lives, and what proves its log.
pub mod proof;
/// All route tables.
pub mod routes;
/// The accept loop with its limits.
pub mod serve;
/// What a place decides together.
pub mod together;
