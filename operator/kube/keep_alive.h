// What every connection of ours has in common, below any HTTP library.
//
//   keepAlive(fd);               // before or after connect
//   if (quietlyClosed(fd)) ...   // between two exchanges: do not write there
//
// Thread safety: any thread. Blocking: never.
#pragma once

namespace kube {

// A peer that vanished without a word is noticed after 35 s of silence; a request that is written
// in two parts does not wait for the first one's receipt.
void keepAlive(int fd);

// True when the peer has closed an idle connection, or sent something unasked: whatever it is, no
// request can be answered there any more.
bool quietlyClosed(int fd);

}  // namespace kube
