// oneTBB's flow graph as a peer: one continue_node per task.
//
//   c++ -O3 -std=c++17 flow.cpp -ltbb -o tbb-flow
#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <deque>

#include "protocol.hpp"

using Message = tbb::flow::continue_msg;
using Node = tbb::flow::continue_node<Message>;

static std::unique_ptr<tbb::global_control> control;
static std::unique_ptr<tbb::task_arena> arena;

struct Flow : peer::Built {
  tbb::flow::graph graph;
  std::deque<Node> nodes;
  std::vector<Node*> roots;

  explicit Flow(peer::Work& work) {
    auto& from = work.graph;
    for (uint32_t node = 0; node < from.nodes; node++) {
      nodes.emplace_back(graph, [&work, node](const Message&) {
        work.task(node);
        return Message();
      });
      for (uint32_t at = from.offsets[node]; at < from.offsets[node + 1]; at++)
        tbb::flow::make_edge(nodes[from.dependencies[at]], nodes[node]);
      if (from.offsets[node] == from.offsets[node + 1]) roots.push_back(&nodes[node]);
    }
  }

  void run() override {
    arena->execute([&] {
      for (auto* root : roots) root->try_put(Message());
      graph.wait_for_all();
    });
  }
};

int main(int argc, char** argv) {
  auto start = [](int threads) {
    control = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism, threads);
    arena = std::make_unique<tbb::task_arena>(threads);
  };
  auto build = [](peer::Work& work) -> std::unique_ptr<peer::Built> {
    std::unique_ptr<peer::Built> flow;
    // A graph belongs to the arena in which it is made.
    arena->execute([&] { flow = std::make_unique<Flow>(work); });
    return flow;
  };
  return peer::serve(argc, argv, start, build);
}
