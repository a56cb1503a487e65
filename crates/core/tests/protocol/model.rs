//! The model as the checker takes it: where it begins, what can happen, what must be true.

use crate::actions::Action;
use crate::bounds::Bounds;
use crate::properties;
use crate::safeguards::Safeguard;
use crate::state::{Age, Key, Node, State, Truth};
use crate::store::{Position, Store};
use stateright::{Model, Property};

/// The protocol, for some size, with or without each of its safeguards.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub bounds: Bounds,
    missing: Vec<Safeguard>,
}

impl Protocol {
    /// As it is meant to be.
    pub fn as_written(bounds: Bounds) -> Self {
        let missing = Vec::new();
        Self { bounds, missing }
    }

    pub fn without(mut self, safeguard: Safeguard) -> Self {
        self.missing.push(safeguard);
        self
    }

    pub fn has(&self, safeguard: Safeguard) -> bool {
        !self.missing.contains(&safeguard)
    }

    /// The lease of a node. That of the deployment, unless nobody keeps it from being longer.
    pub fn lease(&self, node: usize) -> Age {
        let longer = node == 0 && !self.has(Safeguard::NoLongerLease);
        self.bounds.lease + u8::from(longer)
    }

    /// An age at which nothing counts any longer.
    pub fn long_ago(&self) -> Age {
        self.lease(0) + 1
    }

    /// Whether a node answers a request with this token from its cache.
    pub fn accepts(&self, at: usize, node: &Node, key: Key) -> bool {
        let within = || node.lease.confirmed.is_some_and(|age| age <= self.lease(at));
        node.cache[key].is_some() && (!self.has(Safeguard::LeaseOnHit) || within())
    }

    /// A place as nodes see it: they look at who gave it, or they do not.
    pub fn place(&self, position: Position) -> Position {
        let term = if self.has(Safeguard::NewPrimaryNoticed) {
            position.term
        } else {
            0
        };
        Position { term, ..position }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let primary = Store::of(self.bounds.sessions);
        vec![State {
            replica: self.bounds.replica.then(|| primary.clone()),
            primary,
            nodes: vec![Node::default(); self.bounds.nodes],
            truth: Truth::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.possible(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.take(&mut state, action);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
