//! Pure rules and values: no database, no HTTP, no clock, nothing of ours imported.

pub mod account;
pub mod block;
pub mod consent;
pub mod data_dictionary;
pub mod display_name;
pub mod email;
pub mod encoding;
pub mod evidence;
pub mod factor;
pub mod ids;
pub mod language;
pub mod message;
pub mod operation;
pub mod password;
pub mod personal;
pub mod phone;
pub mod policy;
pub mod purpose;
pub mod real_name;
pub mod sealed;
pub mod session;
pub mod staff;
pub mod support;
pub mod throttle;
pub mod time;
pub mod time_zone;
