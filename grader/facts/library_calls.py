"""What the functions that labs call are for, by their names alone: they tell what a piece of code could have given."""

from __future__ import annotations

from grader.facts.keras import STANDARD

BUILDING = STANDARD | frozenset(
    """
    Sequential Model Functional Input add clone_model load_model model_from_json model_from_config from_config
    from_pretrained compile summary build count_params
    """.split()
)
"""Keras' layers, and what makes a network of them, compiles or shows it."""

TRAINING = frozenset(
    """
    fit fit_generator partial_fit train_on_batch evaluate evaluate_generator test_on_batch predict predict_classes
    predict_proba predict_generator predict_on_batch apply_gradients gradient minimize cross_val_score cross_validate
    search
    """.split()
)
"""What trains a network, measures it or asks it."""

DRAWING = frozenset(
    """
    plot scatter bar barh hist hist2d errorbar fill_between imshow matshow pcolormesh contour contourf boxplot
    violinplot step stem semilogx semilogy loglog pie axhline axvline text annotate heatmap lineplot barplot scatterplot
    countplot histplot displot relplot catplot pointplot kdeplot regplot legend title suptitle set_title xlabel ylabel
    set_xlabel set_ylabel set savefig show subplots add_subplot ConfusionMatrixDisplay from_predictions from_estimator
    plot_confusion_matrix plot_model line px go
    """.split()
)
"""What draws, or writes beside what is drawn."""

SAYING = frozenset({"print", "display", "summary", "pprint", "evaluate", "classification_report", "to_string", "head"})
"""What shows text."""
