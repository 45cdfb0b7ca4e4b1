// An application's objects as a tree of owners, each with its state in a few words: a pure function
// from the objects to the tree, and from the tree to text or JSON.
//
//   cli::TreeNode root = cli::treeOf(app, children);
//   std::cout << cli::text(root);
//
// Thread safety: plain values, pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/json_fwd.h"

namespace cli {

struct TreeNode {
    std::string kind;
    std::string name;
    std::string state;  // "3 of 3 ready"; empty: nothing worth a word
    bool well = true;
    std::vector<TreeNode> children;
};

// `children` in any order; what an absent object owns hangs under the application itself.
TreeNode treeOf(const base::Json& app, const std::vector<base::Json>& children);

std::string text(const TreeNode& root);
base::Json json(const TreeNode& root);

}  // namespace cli
