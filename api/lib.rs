//! The privacy service of a crypto-mining platform, layer by layer.
//!
//! `handlers → services → {repositories, domain} → db`; `domain` knows nobody. What holds the
//! layers together stands beside them: [`config`], [`server`], [`problem`], [`openapi`],
//! [`telemetry`].



pub mod db;
pub mod domain;
pub mod messages;
pub mod repositories;
pub mod services;






pub mod telemetry;
