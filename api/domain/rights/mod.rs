//! The rights of persons over their data (clauses 7.1 to 7.6).

pub mod archive;
pub mod calendar;
pub mod deadline;
pub mod erasure;
pub mod rectification;
pub mod request;
