//! Owns the measuring itself: what it needs, the places it copies between, the order of runs, and the proof of each.

pub mod cache;
pub mod check;
pub mod child;
pub mod ground;
pub mod hold;
pub mod machine;
pub mod needs;
pub mod rounds;
pub mod tools;
