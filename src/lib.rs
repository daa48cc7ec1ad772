//! leastgrant: the smallest AWS IAM policy change, proved against what a principal really did.
//!
//! The modules stand in the order in which a record walks through them; a module knows those
//! before it, never those after it. All but `source` and `cli` are pure.

pub mod arn;
pub mod diagnostic;
mod fnv;
mod memo;
pub mod near;
pub mod pattern;
pub mod variable_parts;

pub mod policy;
pub mod trail;

pub mod evaluate;
pub mod require;

pub mod lint;
pub mod simulate;

pub mod measure;

pub mod denial;
pub mod evidence;
pub mod grants;

pub mod danger;
pub mod hygiene;
pub mod plan;
pub mod recommend;

pub mod backtest;

pub mod strategy;

pub mod exception;

pub mod group;
pub mod review;

pub mod explain;

pub mod check;

pub mod diff;
pub mod report;

pub mod cli;
pub mod source;
