//! Scenario files as users write them, run from end to end against a server that writes down what came.

mod answers;
mod failures;
mod flows;
mod identity;
mod loaded;
mod requests;
mod service;
mod shapes;
mod values;
mod wires;
