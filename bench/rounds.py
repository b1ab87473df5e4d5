"""Measuring contenders in turns."""
import statistics


def medians(contenders, rounds, cost):
    """{name: median of cost(contender)}; every round measures each once, so that
    what disturbs the machine disturbs all of them."""
    costs = {name: [] for name in contenders}
    for contender in contenders.values():
        cost(contender)
    for _ in range(rounds):
        for name, contender in contenders.items():
            costs[name].append(cost(contender))
    return {name: statistics.median(values) for name, values in costs.items()}


def table(title, unit, figures, peer):
    """The figures, and each as a multiple of the peer's."""
    print("\n%s\n%-44s %10s %10s" % (title, "", unit, "ratio"))
    for name, figure in figures.items():
        print("%-44s %10.2f %9.2fx" % (name, figure, figure / figures[peer]))
