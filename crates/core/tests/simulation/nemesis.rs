//! What goes wrong in a world, and when.

use crate::wire::Weather;
use crate::world::World;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// A wire as it should be.
const FAIR: Weather = Weather {
    cut: false,
    journal_cut: false,
    slow: 2,
    loss: 0,
};

/// Breaks something, waits, mends it, again and again.
pub async fn haunt(world: Arc<World>) {
    let dice = &world.dice;
    loop {
        sleep(dice.between(50..1500)).await;
        let node = &world.nodes[dice.below(world.nodes.len())];
        let span = dice.between(20..4000);
        let cut = |journal_cut: bool| Weather {
            cut: !journal_cut,
            journal_cut,
            ..FAIR
        };
        match dice.below(6) {
            0 => spell(node, cut(false), span).await,
            1 => spell(node, cut(true), span).await,
            2 => spell(node, Weather { slow: 700, ..FAIR }, span).await,
            3 => spell(node, Weather { loss: 3, ..FAIR }, span).await,
            4 => {
                node.crash();
                sleep(span / 4).await;
                node.weather(FAIR);
                node.start().await;
            }
            _ => node.clock.set_on_by(Duration::from_secs(dice.below(40) as u64)),
        }
    }
}

async fn spell(node: &crate::node::Node, weather: Weather, span: Duration) {
    node.weather(weather);
    sleep(span).await;
    node.weather(FAIR);
}
