# SPDX-License-Identifier: Apache-2.0
"""Golden values of the reinforcement family: each algorithm a second time in NumPy, on the host's own random numbers."""
import pathlib
import sys

import numpy as np
from market import FLAT, Market, Perceptron, Stream

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "reinforcement", tolerance=1e-8)
rng = np.random.default_rng(3)
closes = {"trend": 100 * np.exp(np.cumsum(0.002 + 0.012 * rng.normal(size=160))),
          "waves": 50 + 8 * np.sin(np.arange(180) / 9) + rng.normal(size=180)}
for name, close in closes.items():
    golden.input(name, {"close": close})


def case(model, name, market, scores, parameters):
    columns, metrics = market.walk(scores)
    golden.case(model, name, columns, parameters, metrics=metrics)


# Tables

def q_table(model, tables, rate, discount, episodes, bins=4, window=10, cost=0.001, first=0.9, last=0.1):
    for name, close in closes.items():
        market = Market(close, window, cost)
        edges = [np.quantile(market.seen[:, i], np.arange(1, bins) / bins) for i in range(2)]
        place = np.array([[np.searchsorted(edges[i], market.seen[r, i]) for i in range(2)] for r in range(market.rows)])
        values, stream = np.zeros((tables, bins, bins, 3, 3)), Stream(0, 0)

        def scores(row, held):
            return values[:, place[row, 0], place[row, 1], held].mean(axis=0)
        for episode in range(episodes):
            held, curious = FLAT, first + (last - first) * (episode / episodes)
            for row in range(market.rows - 1):
                explores = stream.uniform() < curious
                action = stream.below(3) if explores else int(np.argmax(scores(row, held)))
                table = stream.below(2) if tables > 1 else 0
                judge = 1 - table if tables > 1 else 0
                target = market.reward(row, held, action)
                if not market.ends(row):
                    after = values[:, place[row + 1, 0], place[row + 1, 1], action]
                    target += discount * after[judge, int(np.argmax(after[table]))]
                value = values[table, place[row, 0], place[row, 1], held]
                value[action] += rate * (target - value[action])
                held = action
        case(model, name, market, scores,
             {"learning_rate": rate, "gamma": discount, "episodes": episodes, "bins": bins, "window": window,
              "cost": cost, "exploration_initial": first, "exploration_final": last})


# Networks

SIZES = [8, 6]


def dueling(raw):
    value, advantage = raw[:, :1], raw[:, 1:]
    return value + advantage - advantage.mean(axis=1, keepdims=True)


def dueling_back(by_scores):
    total = by_scores.sum(axis=1, keepdims=True)
    return np.concatenate([total, by_scores - total / 3], axis=1)


class Dueling(Perceptron):
    """Value and advantages are layers of their own in the plugin: their weights are drawn one after the other."""

    def __init__(self, widths, stream, rate):
        super().__init__([*widths[:-1], 1], stream, rate)
        value = self.layers.pop()
        advantage = Perceptron([widths[-2], 3], stream, rate).layers[0]
        self.layers.append((np.hstack([value[0], advantage[0]]), np.concatenate([value[1], advantage[1]])))
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for layer in self.layers for p in layer]


def deep_q(model, is_dueling=False, regime_window=0):
    rate, discount, episodes, batch, room, before, every, refresh = 0.005, 0.9, 3, 8, 100, 20, 3, 40
    window, cost, first, last, share = 10, 0.001, 1.0, 0.1, 0.5
    for name, close in closes.items():
        market = Market(close, window, cost, regime_window)
        widths = [market.seen.shape[1] + 3, *SIZES, 3]
        net = (Dueling if is_dueling else Perceptron)(widths, Stream(0, 0), rate)
        actions, samples = Stream(0, 1), Stream(0, 2)

        def forward(x, layers=None):
            raw = net.forward(x, layers)
            return dueling(raw) if is_dueling else raw
        step, steps, memories, added, older = 0, episodes * (market.rows - 1), [], 0, None
        for _ in range(episodes):
            held = FLAT
            for row in range(market.rows - 1):
                curious = first + (last - first) * min(1, step / (share * steps))
                if actions.uniform() < curious:
                    action = actions.below(3)
                else:
                    action = int(np.argmax(forward(market.look(row, held)[None, :])[0]))
                memories[added % room:added % room + 1] = [(row, held, action)]
                added += 1
                held = action
                if step >= before and step % every == 0:
                    chosen = [memories[samples.below(len(memories))] for _ in range(batch)]
                    after = forward(np.array([market.look(r + 1, a) for r, h, a in chosen]), older).max(axis=1)
                    targets = np.array([market.reward(*m) for m in chosen]) + discount * np.where(
                        [market.ends(m[0]) for m in chosen], 0, after)
                    scores = forward(np.array([market.look(r, h) for r, h, a in chosen]))
                    by_scores, at = np.zeros_like(scores), (np.arange(batch), [a for r, h, a in chosen])
                    by_scores[at] = np.clip(scores[at] - targets, -1, 1) / batch
                    net.step(net.backward(dueling_back(by_scores) if is_dueling else by_scores))
                if step % refresh == 0:
                    older = net.layers
                step += 1
        parameters = {"learning_rate": rate, "gamma": discount, "episodes": episodes, "batch_size": batch,
                      "buffer_size": room, "learning_starts": before, "train_frequency": every,
                      "target_update_interval": refresh, "exploration_initial": first, "exploration_final": last,
                      "exploration_fraction": share, "hidden_layer_sizes": SIZES, "window": window, "cost": cost}
        if regime_window:
            parameters["regime_detection_window"] = regime_window
        case(model, name, market, lambda row, held: forward(market.look(row, held)[None, :])[0], parameters)


def proximal():
    rate, discount, decay, clip, entropy, episodes, length, epochs, batch = 0.005, 0.9, 0.8, 0.15, 0.01, 2, 50, 3, 16
    window, cost = 10, 0.001
    for name, close in closes.items():
        market = Market(close, window, cost)
        widths = [market.seen.shape[1] + 3, *SIZES]
        actor = Perceptron([*widths, 3], Stream(0, 0), rate)
        critic = Perceptron([*widths, 1], Stream(0, 3), rate)
        actions, samples, moves, step = Stream(0, 1), Stream(0, 2), [], 0
        steps = episodes * (market.rows - 1)

        def shares(x):
            scores = actor.forward(x)
            weight = np.exp(scores - scores.max(axis=1, keepdims=True))
            return weight / weight.sum(axis=1, keepdims=True)
        for _ in range(episodes):
            held = FLAT
            for row in range(market.rows - 1):
                x = market.look(row, held)[None, :]
                share, left, action = shares(x)[0], actions.uniform(), 0
                while action < 2:
                    left -= share[action]
                    if left < 0:
                        break
                    action += 1
                moves.append((x[0], action, share[action], critic.forward(x)[0, 0], market.reward(row, held, action),
                              market.ends(row)))
                held, step = action, step + 1
                if len(moves) < length and step < steps:
                    continue
                following = critic.forward(market.look(row + 1, held)[None, :])[0, 0]
                advantage, advantages = 0.0, []
                for _, _, _, value, reward, ends in reversed(moves):
                    advantage = reward + (0 if ends else discount * following) - value + (
                        0 if ends else discount * decay * advantage)
                    advantages.insert(0, advantage)
                    following = value
                x, taken, before, value = (np.array([m[i] for m in moves]) for i in range(4))
                advantages, order = np.array(advantages), list(range(len(moves)))
                for _ in range(epochs):
                    for i in range(len(order), 1, -1):
                        other = samples.below(i)
                        order[i - 1], order[other] = order[other], order[i - 1]
                    for begin in range(0, len(order), batch):
                        some = np.array(order[begin:begin + batch])
                        a = advantages[some]
                        a = (a - a.mean()) / (a.std() + 1e-8)
                        now = shares(x[some])
                        ratio = now[np.arange(len(some)), taken[some]] / before[some]
                        clipped = ((a > 0) & (ratio > 1 + clip)) | ((a < 0) & (ratio < 1 - clip))
                        by_scores = np.where(clipped, 0, -a * ratio)[:, None] * (np.eye(3)[taken[some]] - now)
                        logs = np.log(now)
                        by_scores += entropy * now * (logs - (now * logs).sum(axis=1, keepdims=True))
                        actor.step(actor.backward(by_scores / len(some)))
                        worth = critic.forward(x[some])
                        critic.step(critic.backward((worth - (advantages + value)[some][:, None]) / len(some)))
                moves = []
        case("proximal_policy_optimization", name, market,
             lambda row, held: actor.forward(market.look(row, held)[None, :])[0],
             {"learning_rate": rate, "gamma": discount, "gae_lambda": decay, "clip_range": clip, "ent_coef": entropy,
              "episodes": episodes, "n_steps": length, "n_epochs": epochs, "batch_size": batch,
              "hidden_layer_sizes": SIZES, "window": window, "cost": cost})


q_table("q_learning", 1, 0.2, 0.9, 8)
q_table("reinforcement_ml", 1, 0.05, 0.95, 12, bins=3)
q_table("double_q_learning", 2, 0.2, 0.9, 8)
deep_q("dqn")
deep_q("dueling_dqn", is_dueling=True)
deep_q("regime_aware_dqn", regime_window=25)
proximal()
golden.write()
