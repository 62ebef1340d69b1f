//! Scenario files as users write them, run from end to end against a server that writes down what came.

mod aborted;
mod answers;
mod checks;
mod events;
mod failures;
mod flows;
mod hosts;
mod identity;
mod loaded;
mod prepared;
mod requests;
mod service;
mod shapes;
mod stages;
mod together;
mod trust;
mod turns;
mod values;
mod wholes;
mod wires;
