//! Handles: any sequence of the raw calls, against a model of who has which rights to what;
//! and two such sequences at a time, which must not notice each other.
//!
//! The processes are this one, a child, and a child that has ended. In this one a few bytes
//! are written, and nothing else.

#![no_main]

mod call;
mod model;
mod shared;
mod world;

use arbitrary::Arbitrary;
use call::Call;
use libfuzzer_sys::fuzz_target;
use model::Model;
use shared::{Shared, SharedCall};
use std::thread;
use world::World;
use zx_process_memory::linux::set_debugging_syscalls;

#[derive(Arbitrary, Debug)]
enum Session<'a> {
    Alone(Vec<Call<'a>>),
    Together([Vec<Step<'a>>; 2]),
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Own(Call<'a>),
    Shared(SharedCall),
}

fuzz_target!(|session: Session<'_>| {
    let world = World::get();
    match session {
        Session::Alone(calls) => {
            let mut model = Model::new(world, 0);
            for call in &calls {
                model.apply(call);
            }
            set_debugging_syscalls(true);
            model.close_all();
        }
        Session::Together(threads) => together(world, &threads),
    }
});

fn together(world: &'static World, threads: &[Vec<Step<'_>>; 2]) {
    let shared = Shared::new(world);
    let run = &|index, steps: &[Step<'_>]| {
        let mut model = Model::new(world, index);
        for step in steps {
            match step {
                // The switch is for all threads.
                Step::Own(Call::SetDebugging(_)) => {}
                // A value made up might be the other one's handle.
                Step::Own(call) if call.is_made_up() => {}
                Step::Own(call) => model.apply(call),
                Step::Shared(call) => shared.apply(*call),
            }
        }
        model.close_all();
    };
    thread::scope(|scope| {
        let [first, second] = [(0, &threads[0]), (1, &threads[1])]
            .map(|(index, steps)| scope.spawn(move || run(index, steps)));
        // The scope alone would not wait for a thread's last bit, and that be taken for a leak.
        first.join().unwrap();
        second.join().unwrap();
    });
    shared.finish();
}
