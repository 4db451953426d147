//! Worker threads that compress, and one thread that writes what they made in the order in which it was handed in.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::deflate::{BLOCK, Compressors};
use crate::error::{ArchiveError, Result};

/// Where an archive is written to.
pub type Sink = Box<dyn Write + Send>;

type Work = Box<dyn FnOnce(&mut Compressors) + Send>;

/// What the threads of one writer share.
struct Shared {
    /// Set when the writer was dropped or an error occurred: what is still to do is not done.
    stop: AtomicBool,
    /// The first error.
    error: Mutex<Option<ArchiveError>>,
    /// Input buffers of [`BLOCK`] bytes that can be used again.
    buffers: Mutex<Vec<Vec<u8>>>,
}

impl Shared {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    fn error(&self) -> Option<ArchiveError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, error: ArchiveError) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
        self.stop.store(true, Ordering::Release);
    }
}

/// Lends out input buffers, so that a large archive does not ask the system for memory block by block.
#[derive(Clone)]
pub(super) struct Buffers(Arc<Shared>);

impl Buffers {
    /// A buffer of [`BLOCK`] bytes with any content.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut free = self.0.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_else(|| vec![0; BLOCK])
    }

    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        if buffer.len() == BLOCK {
            let mut free = self.0.buffers.lock().unwrap_or_else(PoisonError::into_inner);
            free.push(buffer);
        }
    }
}

/// What the writing thread takes from the queue, in order.
pub(super) struct Queue<M> {
    messages: Receiver<M>,
    shared: Arc<Shared>,
}

impl<M> Queue<M> {
    /// The next message; `None` when the writer was dropped.
    pub(super) fn next(&self) -> Option<M> {
        let message = self.messages.recv().ok()?;
        (!self.shared.stopped()).then_some(message)
    }
}

/// What a worker will have made.
pub(super) struct Made<T>(Receiver<T>);

impl<T> Made<T> {
    /// Waits for it.
    pub(super) fn wait(self) -> Result<T> {
        self.0
            .recv()
            .map_err(|_| ArchiveError::io("compressing", io::Error::other("a worker thread ended without a result")))
    }
}

/// The threads of one writer, fed with messages `M` for the writing thread.
pub(super) struct Pipeline<M> {
    order: Option<SyncSender<M>>,
    work: Option<Sender<Work>>,
    workers: Vec<JoinHandle<()>>,
    committer: Option<JoinHandle<Option<Sink>>>,
    shared: Arc<Shared>,
}

impl<M: Send + 'static> Pipeline<M> {
    /// Starts `threads` workers and the writing thread, which runs `commit` until that returns the sink.
    pub(super) fn start<C>(threads: usize, level: u8, sink: Sink, commit: C) -> Result<Self>
    where
        C: FnOnce(Queue<M>, Buffers, Sink) -> Result<Sink> + Send + 'static,
    {
        let threads = threads.max(1);
        let shared =
            Arc::new(Shared { stop: AtomicBool::new(false), error: Mutex::new(None), buffers: Mutex::new(Vec::new()) });
        // Bounds the memory: as many blocks are under way as this queue is long.
        let (order, messages) = mpsc::sync_channel(threads * 2 + 2);
        let (work, work_queue) = mpsc::channel::<Work>();
        let work_queue = Arc::new(Mutex::new(work_queue));
        let mut pipeline = Self {
            order: Some(order),
            work: Some(work),
            workers: Vec::with_capacity(threads),
            committer: None,
            shared: Arc::clone(&shared),
        };
        for _ in 0..threads {
            let work_queue = Arc::clone(&work_queue);
            let shared = Arc::clone(&shared);
            let worker = spawn("archive-compress", move || run_worker(level, &work_queue, &shared))?;
            pipeline.workers.push(worker);
        }
        pipeline.committer = Some(spawn("archive-write", move || {
            let queue = Queue { messages, shared: Arc::clone(&shared) };
            match commit(queue, Buffers(Arc::clone(&shared)), sink) {
                Ok(sink) => Some(sink),
                Err(error) => {
                    shared.fail(error);
                    None
                }
            }
        })?);
        Ok(pipeline)
    }

    pub(super) fn buffers(&self) -> Buffers {
        Buffers(Arc::clone(&self.shared))
    }

    /// The first error of any thread.
    pub(super) fn check(&self) -> Result<()> {
        if self.shared.stopped() {
            return Err(self.failure());
        }
        Ok(())
    }

    fn failure(&self) -> ArchiveError {
        self.shared.error().unwrap_or_else(|| {
            ArchiveError::io("writing", io::Error::other("the writing thread ended without a result"))
        })
    }

    /// Has a worker make something.
    pub(super) fn make<T, F>(&self, make: F) -> Made<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Compressors) -> T + Send + 'static,
    {
        let (done, made) = mpsc::sync_channel(1);
        if let Some(work) = &self.work {
            // If there is no worker left, or the writing thread is gone, then whoever waits for the other end finds out.
            let _ = work.send(Box::new(move |compressors| {
                let _ = done.send(make(compressors));
            }));
        }
        Made(made)
    }

    /// Hands a message to the writing thread; waits while it has too much to do.
    pub(super) fn send(&self, message: M) -> Result<()> {
        match &self.order {
            Some(order) => order.send(message).map_err(|_| self.wait_for_failure()),
            None => Err(self.failure()),
        }
    }

    /// The writing thread drops its queue a moment before it has noted its error.
    fn wait_for_failure(&self) -> ArchiveError {
        while !self.shared.stopped() && !self.committer.as_ref().is_none_or(JoinHandle::is_finished) {
            std::thread::yield_now();
        }
        self.failure()
    }

    /// Marks the archive as failed: nothing more is written.
    pub(super) fn fail(&self, error: ArchiveError) {
        self.shared.fail(error);
    }

    /// Waits until all is written, after the last message was sent. Returns the sink.
    pub(super) fn finish(mut self) -> Result<Sink> {
        self.order = None;
        let sink = match self.committer.take().map(JoinHandle::join) {
            Some(Ok(sink)) => sink,
            _ => None,
        };
        sink.ok_or_else(|| self.failure())
    }
}

impl<M> Drop for Pipeline<M> {
    /// Stops the threads. The workers are waited for, since a worker never waits for anything; the writing thread is not, since a sink
    /// may be waiting for the very thread that drops the writer. It ends, and drops the sink, when its current write returns.
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.order = None;
        self.work = None;
        for worker in self.workers.drain(..) {
            // A worker that panicked has been noticed by whoever waited for its result.
            let _ = worker.join();
        }
    }
}

fn spawn<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| ArchiveError::io("starting a thread", error))
}

fn run_worker(level: u8, queue: &Mutex<Receiver<Work>>, shared: &Shared) {
    let mut compressors = None;
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else {
            return;
        };
        if !shared.stopped() {
            work(compressors.get_or_insert_with(|| Compressors::new(level)));
        }
    }
}
