//! Stacks as a picture: each row is one call deeper, each block as wide as its share of the time. In red is what has
//! more of it than before, in blue what has less.

use std::collections::BTreeMap;

use super::markup::Markup;
use super::parts::{folded, section};
use super::svg::{Across, Svg};
use super::table::{Column, Table};
use crate::report::document::Document;
use crate::report::profile::{FunctionShare, Profile, StackShare};
use crate::report::sentence::Sentence;
use crate::report::units;

/// The height of a row.
const ROW: f64 = 18.0;
/// What is narrower than this share cannot be seen.
const THINNEST: f64 = 0.002;
/// The most blocks that are drawn.
const MOST: usize = 1_500;
/// A share that changed by less keeps its colour.
const LEAST: f64 = 0.01;
const ROWS_OF_TABLE: usize = 50;

/// A frame below the same callers, with what it calls.
#[derive(Default)]
struct Node<'p> {
    base: f64,
    head: f64,
    calls: BTreeMap<&'p str, Node<'p>>,
}

impl<'p> Node<'p> {
    fn of(stacks: &'p [StackShare]) -> Self {
        let mut root = Self::default();
        for stack in stacks {
            let mut node = &mut root;
            node.add(stack);
            for frame in &stack.frames {
                node = node.calls.entry(frame).or_default();
                node.add(stack);
            }
        }
        root
    }

    fn add(&mut self, stack: &StackShare) {
        self.base += stack.base.unwrap_or(0.0);
        self.head += stack.head;
    }
}

/// A block on its way into the picture.
struct Block<'n> {
    name: &'n str,
    node: &'n Node<'n>,
    depth: u32,
    left: f64,
}

pub(super) fn write(page: &mut Markup, document: &Document) {
    for profile in &document.profiles {
        let title = match profile.base_samples {
            Some(_) => "Where the time went, before and after",
            None => "Where the time went, in head alone",
        };
        section(page, "profile", title, |page| of_profile(page, profile));
    }
}

fn of_profile(page: &mut Markup, profile: &Profile) {
    let samples = match profile.base_samples {
        Some(base) => format!(
            "{} samples of base and {} of head, of a run that is not judged. ",
            units::count(base),
            units::count(profile.head_samples)
        ),
        None => format!(
            "{} samples, of a run that is not judged; the base was not sampled. ",
            units::count(profile.head_samples)
        ),
    };
    let width = "Each row is one call deeper, each block as wide as its share of head's time";
    let colours = match profile.base_samples {
        Some(_) => "; red has more of it than in base, blue less.",
        None => ".",
    };
    let told = Sentence::new(samples).own(width).own(colours);
    let told = match &profile.of {
        Some(of) => Sentence::default().foreign(of).own(": ").then(told),
        None => told,
    };
    page.paragraph("soft", &told);
    functions(page, &profile.functions);
    picture(page, profile);
    folded(page, "The stacks with the largest shares", |page| {
        stacks(page, &profile.stacks);
    });
}

fn functions(page: &mut Markup, functions: &[FunctionShare]) {
    let mut table = Table::new(&[
        Column::Words("function, without what it calls"),
        Column::Number("base"),
        Column::Number("head"),
    ]);
    for function in functions {
        table
            .rows
            .push(row(&function.function, function.base, function.head));
    }
    table.write(page);
}

fn stacks(page: &mut Markup, stacks: &[StackShare]) {
    let mut largest: Vec<&StackShare> = stacks.iter().collect();
    largest.sort_by(|a, b| b.head.total_cmp(&a.head));
    let mut table = Table::new(&[
        Column::Words("stack"),
        Column::Number("base"),
        Column::Number("head"),
    ]);
    for stack in largest.into_iter().take(ROWS_OF_TABLE) {
        // A name is cut in its middle, and the end of a stack is what did the work.
        table
            .rows
            .push(row(&stack.frames.join(" › "), stack.base, stack.head));
    }
    table.write(page);
}

fn row(name: &str, base: Option<f64>, head: f64) -> Vec<Sentence> {
    let share = |share: f64| Sentence::new(units::coarse(share));
    let base = base.map_or_else(|| Sentence::new("–"), share);
    vec![Sentence::default().foreign(name), base, share(head)]
}

fn picture(page: &mut Markup, profile: &Profile) {
    let root = Node::of(&profile.stacks);
    if root.head <= 0.0 {
        return;
    }
    let mut waiting = vec![Block {
        name: "all",
        node: &root,
        depth: 0,
        left: 0.0,
    }];
    let (mut drawn, mut deepest) = (Vec::new(), 0);
    while let Some(block) = waiting.pop() {
        let mut left = block.left;
        for (name, node) in &block.node.calls {
            let width = node.head / root.head;
            if width >= THINNEST {
                waiting.push(Block {
                    name,
                    node,
                    depth: block.depth + 1,
                    left,
                });
            }
            left += width;
        }
        deepest = deepest.max(block.depth);
        drawn.push(block);
        if drawn.len() >= MOST {
            break;
        }
    }
    let mut svg = Svg::new(f64::from(deepest + 1) * ROW);
    for block in drawn {
        let (base, head) = (block.node.base, block.node.head);
        let moved = profile.base_samples.map_or(0.0, |_| head - base);
        let class = match moved {
            moved if moved >= LEAST => "frame more",
            moved if moved <= -LEAST => "frame less",
            _ => "frame",
        };
        let shares = match profile.base_samples {
            Some(_) => format!("{} → {}", units::coarse(base), units::coarse(head)),
            None => units::coarse(head),
        };
        svg.block(
            class,
            [Across(block.left), Across(block.left + head / root.head)],
            [f64::from(block.depth) * ROW, ROW - 1.0],
            [block.name, &format!("{}: {shares}", block.name)],
        );
    }
    page.put(&svg.finish("Stacks, each as wide as its share of the time"));
    page.line();
}
