// The protocol of bench/protocol for peers in C++: reads the arguments and the graph, does the
// tasks, checks every run, prints the line. src/measure.rs there says what each number is.
#pragma once
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace peer {

// What every node depends on; a node has a larger number than all that it depends on.
struct Graph {
  uint64_t nodes = 0, edges = 0;
  std::vector<uint32_t> offsets, dependencies;

  explicit Graph(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    auto read = [&](void* to, size_t bytes) {
      if (!file.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes))) {
        fprintf(stderr, "%s: not a graph\n", path.c_str());
        exit(2);
      }
    };
    read(&nodes, 8);
    read(&edges, 8);
    offsets.resize(nodes + 1);
    dependencies.resize(edges);
    read(offsets.data(), 4 * offsets.size());
    if (edges) read(dependencies.data(), 4 * edges);
  }
};

// How many tasks each thread did. Only where that is asked for: what is timed does not count.
class Tally {
 public:
  void count() {
    // Nobody else writes to a thread's own.
    mine().store(mine().load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // What each thread has done since the last call, most first.
  std::vector<uint64_t> take() {
    std::lock_guard<std::mutex> guard(lock);
    std::vector<uint64_t> done;
    for (auto& counter : counters)
      if (uint64_t count = counter->number.exchange(0)) done.push_back(count);
    std::sort(done.rbegin(), done.rend());
    return done;
  }

 private:
  struct alignas(128) Counter {
    std::atomic<uint64_t> number{0};
  };
  std::mutex lock;
  std::vector<std::unique_ptr<Counter>> counters;

  std::atomic<uint64_t>& mine() {
    thread_local Counter* own = [this] {
      std::lock_guard<std::mutex> guard(lock);
      counters.push_back(std::make_unique<Counter>());
      return counters.back().get();
    }();
    return own->number;
  }
};

// The graph, what its tasks do, and one cell per node that they write to.
struct Work {
  enum class Body { Empty, Value, Spin, Uneven };
  static constexpr auto relaxed = std::memory_order_relaxed;

  Graph graph;
  Body body = Body::Empty;
  uint64_t steps = 0;
  bool is_tallied = false;
  Tally tally;
  std::unique_ptr<std::atomic<int64_t>[]> cells;
  std::vector<int64_t> values;

  Work(const std::string& path, const std::string& name)
      : graph(path), cells(new std::atomic<int64_t>[graph.nodes]()), values(graph.nodes) {
    auto colon = name.find(':');
    if (name == "value") body = Body::Value;
    if (colon != std::string::npos) {
      body = name[0] == 's' ? Body::Spin : Body::Uneven;
      steps = strtoull(name.c_str() + colon + 1, nullptr, 10);
    }
    for (uint32_t node = 0; node < graph.nodes; node++)
      values[node] = sum(node, [&](uint32_t on) { return values[on]; });
  }

  void task(uint32_t node) {
    if (is_tallied) tally.count();
    if (body == Body::Value) {
      cells[node].store(sum(node, [&](uint32_t on) { return cells[on].load(relaxed); }), relaxed);
      return;
    }
    if (body != Body::Empty) spin(steps_of(node));
    cells[node].store(cells[node].load(relaxed) + 1, relaxed);
  }

  bool check(int64_t runs) const {
    for (uint64_t node = 0; node < graph.nodes; node++)
      if (cells[node].load(relaxed) != (body == Body::Value ? values[node] : runs)) return false;
    return true;
  }

  void clear() {
    for (uint64_t node = 0; node < graph.nodes; node++) cells[node].store(0, relaxed);
  }

 private:
  template <class Of>
  int64_t sum(uint32_t node, Of value) const {
    uint64_t total = 1;
    for (uint32_t at = graph.offsets[node]; at < graph.offsets[node + 1]; at++)
      total += static_cast<uint64_t>(value(graph.dependencies[at]));
    return static_cast<int64_t>(total);
  }

  uint64_t steps_of(uint32_t node) const {
    if (body == Body::Spin) return steps;
    bool is_long = (uint64_t(node) * 0x9E3779B97F4A7C15ULL) >> 60 == 0;
    return is_long ? 8 * steps : 8 * steps / 15;
  }

  static void spin(uint64_t steps) {
    uint64_t state = steps | 1;
    for (uint64_t step = 0; step < steps; step++) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      asm volatile("" : "+m"(state));  // Through memory, as Rust's black_box.
    }
  }
};

struct Built {
  virtual ~Built() = default;
  virtual void run() = 0;
};

inline long memory(const std::string& key) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line))
    if (line.rfind(key, 0) == 0) return atol(line.c_str() + key.size());
  return 0;
}

struct Lap {
  double wall, cpu;
  long disturbances;
};

inline std::pair<double, double> min_and_median(std::vector<double> numbers) {
  if (numbers.empty()) return {NAN, NAN};
  std::sort(numbers.begin(), numbers.end());
  return {numbers.front(), numbers[numbers.size() / 2]};
}

inline std::pair<double, double> wall_of(const std::vector<Lap>& laps, size_t& quiet) {
  std::vector<double> all, undisturbed;
  for (auto& lap : laps) {
    all.push_back(lap.wall);
    if (lap.disturbances == 0) undisturbed.push_back(lap.wall);
  }
  quiet = undisturbed.size();
  return min_and_median(quiet >= 3 ? undisturbed : all);
}

inline double cpu_of(const std::vector<Lap>& laps) {
  std::vector<double> all;
  for (auto& lap : laps) all.push_back(lap.cpu);
  return min_and_median(all).first;
}

// What the threads did in an ordinary run: the one in the middle, by what the busiest did.
inline std::string tally_of(std::vector<std::vector<uint64_t>> runs) {
  std::sort(runs.begin(), runs.end());
  std::string text;
  if (runs.empty()) return text;
  for (uint64_t ran : runs[runs.size() / 2]) text += (text.empty() ? " tally=" : ",") + std::to_string(ran);
  return text;
}

inline int serve(int argc, char** argv, const std::function<void(int)>& start,
                 const std::function<std::unique_ptr<Built>(Work&)>& build) {
  std::string graph, body = "empty";
  int threads = 1;
  double budget = 150;
  long gap = 0, repeats = -1;
  bool is_tallied = false;
  for (int at = 1; at + 1 < argc; at += 2) {
    std::string name = argv[at], value = argv[at + 1];
    if (name == "--graph") graph = value;
    if (name == "--threads") threads = atoi(value.c_str());
    if (name == "--body") body = value;
    if (name == "--budget-ms") budget = atof(value.c_str());
    if (name == "--gap-us") gap = atol(value.c_str());
    if (name == "--reruns") repeats = atol(value.c_str());
    if (name == "--tally") is_tallied = value == "on";
  }
  bool has_steps = body.rfind("spin:", 0) == 0 || body.rfind("uneven:", 0) == 0;
  if (body != "empty" && body != "value" && !has_steps) {
    puts("n/a");
    return 0;
  }
  Work work(graph, body);
  work.is_tallied = is_tallied;
  double nodes = static_cast<double>(work.graph.nodes);
  start(threads);

  using Clock = std::chrono::steady_clock;
  auto since = [](Clock::time_point begin) {
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  };
  auto usage = [] {
    timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    rusage process;
    getrusage(RUSAGE_SELF, &process);
    return std::pair<double, long>(cpu.tv_sec * 1e9 + cpu.tv_nsec, process.ru_nivcsw);
  };
  auto lap = [&](Built& built) {
    if (gap) std::this_thread::sleep_for(std::chrono::microseconds(gap));
    auto before = usage();
    auto begin = Clock::now();
    built.run();
    double wall = since(begin);
    auto after = usage();
    return Lap{wall / nodes, (after.first - before.first) / nodes, after.second - before.second};
  };

  if (repeats >= 0) {
    // One build, its first run and so many re-runs, for who times the whole process.
    auto begin = Clock::now();
    auto built = build(work);
    double build_time = since(begin) / nodes;
    begin = Clock::now();
    built->run();
    double first = since(begin) / nodes;
    bool is_right = work.check(1);
    work.clear();
    std::vector<double> times;
    double all = 0;
    for (long at = 0; at < repeats; at++) {
      begin = Clock::now();
      built->run();
      times.push_back(since(begin) / nodes);
      all += times.back();
    }
    is_right = is_right && (repeats == 0 || work.check(repeats));
    auto rerun = min_and_median(times);
    printf("%.2f %.2f %.2f %.2f %.2f %.2f 0 0 0 %d nan nan 1 0 mean=%.3f\n", build_time, build_time, first,
           first, rerun.first, rerun.second, static_cast<int>(is_right), all / static_cast<double>(repeats));
    fflush(stdout);
    _Exit(0);
  }

  std::ofstream("/proc/self/clear_refs") << "5";
  long before = memory("VmRSS:"), after_build = 0, peak = 0;
  std::vector<double> builds;
  std::vector<Lap> firsts, reruns;
  std::vector<std::vector<uint64_t>> shares;
  std::unique_ptr<Built> built;
  bool is_right = true;
  auto begin = Clock::now();
  do {
    work.clear();
    built.reset();
    auto building = Clock::now();
    built = build(work);
    builds.push_back(since(building) / nodes);
    if (builds.size() == 1) after_build = memory("VmRSS:");
    firsts.push_back(lap(*built));
    if (builds.size() == 1) peak = memory("VmHWM:");
    is_right = work.check(1);
  } while (is_right && since(begin) < budget * 0.5e6 && builds.size() < 50);
  work.clear();
  work.tally.take();
  begin = Clock::now();
  do {
    reruns.push_back(lap(*built));
    shares.push_back(work.tally.take());
    is_right = is_right && work.check(static_cast<int64_t>(reruns.size()));
    if (work.body == Work::Body::Value) work.clear();
  } while (is_right && since(begin) < budget * 0.5e6 && reruns.size() < 300);

  size_t quiet_firsts, quiet_reruns;
  auto b = min_and_median(builds), f = wall_of(firsts, quiet_firsts), r = wall_of(reruns, quiet_reruns);
  printf("%.2f %.2f %.2f %.2f %.2f %.2f %ld %ld %ld %d %.2f %.2f %zu %zu%s\n", b.first, b.second, f.first,
         f.second, r.first, r.second, before, after_build, peak, static_cast<int>(is_right), cpu_of(firsts),
         cpu_of(reruns), firsts.size(), quiet_reruns, tally_of(shares).c_str());
  fflush(stdout);
  // The library's threads may still be about; nothing is left to tidy up.
  _Exit(0);
}

}  // namespace peer
