//! What the kernel is asked: processes and sockets.
