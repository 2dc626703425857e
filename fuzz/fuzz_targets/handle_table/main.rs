//! The raw calls of the Linux backend, and its handle table.
//!
//! An input is a sequence of calls, or two sequences that run in two threads at the same time. A model
//! of the handles and their rights predicts the result of each call. The threads have their own
//! handles, whose results must not depend on the other thread. They also close and query shared
//! handles.
//!
//! The objects are this process, a child, a child that has ended, and the job. The calls change only
//! `REGIONS` in this process.

#![no_main]

mod call;
mod fixture;
mod model;
mod shared;

use arbitrary::Arbitrary;
use call::Call;
use fixture::Fixture;
use libfuzzer_sys::fuzz_target;
use model::Model;
use shared::{Shared, SharedCall};
use std::thread;
use zx_process_memory::linux::set_debugging_syscalls;

#[derive(Arbitrary, Debug)]
enum Session<'a> {
    OneThread(Vec<Call<'a>>),
    TwoThreads([Vec<Step<'a>>; 2]),
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Private(Call<'a>),
    Shared(SharedCall),
}

fuzz_target!(|session: Session<'_>| {
    let fixture = Fixture::get();
    match session {
        Session::OneThread(calls) => {
            let mut model = Model::new(fixture, 0);
            for call in &calls {
                model.apply(call);
            }
            set_debugging_syscalls(true);
            model.close_all();
        }
        Session::TwoThreads(threads) => run_two_threads(fixture, &threads),
    }
});

fn run_two_threads(fixture: &'static Fixture, threads: &[Vec<Step<'_>>; 2]) {
    let shared = Shared::new(fixture);
    let run = &|index, steps: &[Step<'_>]| {
        let mut model = Model::new(fixture, index);
        for step in steps {
            match step {
                // The setting applies to all threads.
                Step::Private(Call::SetDebugging(_)) => {}
                // A random value can be a handle of the other thread.
                Step::Private(call) if call.has_random_handle() => {}
                Step::Private(call) => model.apply(call),
                Step::Shared(call) => shared.apply(*call),
            }
        }
        model.close_all();
    };
    thread::scope(|scope| {
        let [first, second] = [(0, &threads[0]), (1, &threads[1])]
            .map(|(index, steps)| scope.spawn(move || run(index, steps)));
        // A scope returns before its threads have freed all their memory, and the leak check would
        // report that memory. `join` waits for the end of the thread.
        first.join().unwrap();
        second.join().unwrap();
    });
    shared.finish();
}
