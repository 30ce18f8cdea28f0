# Fit a linear model of R's own iris, log the run, register the model and move it to Production.
# Usage: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 Rscript train.R

library(crateflow)

mlflow_set_experiment("iris-lm")

with(mlflow_start_run(), {
  formula <- Sepal.Width ~ Sepal.Length
  mlflow_log_param("formula", deparse(formula))

  fit <- lm(formula, data = iris)
  mlflow_log_metric("rmse", sqrt(mean(residuals(fit)^2)))
  mlflow_set_tag("data", "iris")

  plot_file <- file.path(tempdir(), "fit.png")
  png(plot_file, width = 800, height = 600, type = "cairo")
  plot(formula, data = iris, pch = 19)
  abline(fit, lwd = 2)
  dev.off()
  mlflow_log_artifact(plot_file, "plots")

  logged <- mlflow_log_model(
    crate(function(x) stats::predict(model, x), model = fit),
    "model",
    registered_model_name = "iris-lm",
    input_example = head(iris["Sepal.Length"])
  )
})

version <- attr(logged, "model_info")$registered_model_version
invisible(mlflow_transition_model_version_stage(
  "iris-lm", version, "Production",
  archive_existing_versions = TRUE
))
cat("iris-lm, version", version, "is in Production\n")
