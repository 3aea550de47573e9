//! The privacy service of a crypto-mining platform, layer by layer.
//!
//! `handlers → services → {repositories, domain} → db`; `domain` knows nobody. What holds the
//! layers together stands beside them: [`config`], [`server`], [`problem`], [`openapi`],
//! [`telemetry`].

pub mod commands;
pub mod config;
pub mod db;
pub mod domain;
pub mod handlers;
pub mod messages;
pub mod openapi;
pub mod problem;
pub mod repositories;
pub mod server;
pub mod services;
pub mod telemetry;
