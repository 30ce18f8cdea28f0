# Scripts call from the global environment; these tests, by themselves, from the package's own.
as_script <- function(code) eval(substitute(code), globalenv())

local_autolog <- function(..., env = parent.frame()) {
  local_tracking(env)
  withr::defer(mlflow_autolog_off(), env)
  suppressMessages(mlflow_set_experiment(unique_name("autolog")))
  mlflow_autolog(...)
}

trained <- function() {
  runs <- mlflow_search_runs(wide = TRUE)
  runs[is.na(runs[["tags.mlflow.parentRunId"]] %||% rep(NA, nrow(runs))), ]
}

files_of <- function(run_id) {
  folder <- mlflow_download_artifacts("", run_id = run_id)
  sort(list.files(folder, recursive = TRUE))
}

test_that("linear models leave what R says of them", {
  local_autolog()
  fit <- as_script(lm(Sepal.Width ~ Sepal.Length + Species, iris))
  run <- trained()
  expect_identical(nrow(run), 1L)
  expect_identical(run$status, "FINISHED")
  expect_identical(run[["tags.mlflow.autologging"]], "stats")
  expect_identical(run$tags.estimator_class, "stats::lm")
  expect_identical(run$params.formula, "Sepal.Width ~ Sepal.Length + Species")
  expect_equal(run$metrics.rsquared, summary(fit)$r.squared)
  expect_equal(run$metrics.aic, AIC(fit))
  expect_equal(run$metrics.bic, BIC(fit))
  expect_equal(run$metrics.training_root_mean_squared_error, sqrt(mean(residuals(fit)^2)))

  uri <- paste0("runs:/", run$run_id, "/")
  table <- mlflow_load_table(paste0(uri, "coefficients.json"))
  expect_identical(table$term, names(coef(fit)))
  expect_equal(table$estimate, unname(coef(fit)))
  expect_true(all(c("residuals.png", "model/MLmodel") %in% files_of(run$run_id)))
  expect_equal(mlflow_predict(mlflow_load_model(paste0(uri, "model")), iris), predict(fit, iris))
  inputs <- get_run(as_client(NULL), run$run_id)$inputs$dataset_inputs
  expect_length(inputs, 1)

  # The call is as ever, so that update() works, and counts as a training too.
  expect_identical(fit$call, quote(lm(formula = Sepal.Width ~ Sepal.Length + Species, data = iris)))
  as_script(update(lm(dist ~ speed, cars), . ~ 1))
  expect_identical(nrow(trained()), 3L)
})

test_that("generalised linear models leave their deviance", {
  local_autolog(log_models = FALSE, log_datasets = FALSE)
  fit <- as_script(glm(am ~ wt, binomial, mtcars))
  run <- trained()
  expect_identical(run$params.family, "binomial")
  expect_identical(run$params.link, "logit")
  expect_equal(run$metrics.deviance, deviance(fit))
  expect_equal(run$metrics.aic, AIC(fit))
  expect_identical(files_of(run$run_id), c("coefficients.json", "residuals.png"))
  expect_length(get_run(as_client(NULL), run$run_id)$inputs$dataset_inputs, 0)
})

test_that("trees and forests leave their settings, errors and importances", {
  skip_if_not_installed("rpart")
  skip_if_not_installed("ranger")
  skip_if_not_installed("randomForest")
  local_autolog()
  tree <- as_script(rpart::rpart(Species ~ ., iris, maxdepth = 3))
  run <- trained()
  expect_identical(run[["tags.mlflow.autologging"]], "rpart")
  expect_identical(run$params.maxdepth, "3")
  expect_equal(run$metrics.training_accuracy_score, mean(predict(tree, type = "class") == iris$Species))
  expect_true(all(c("cp_table.json", "feature_importance.json") %in% files_of(run$run_id)))

  suppressMessages(mlflow_set_experiment(unique_name("autolog")))
  as_script(rpart::rpart(Sepal.Width ~ ., iris))
  expect_equal(trained()$params.method, "anova")

  suppressMessages(mlflow_set_experiment(unique_name("autolog")))
  forest <- as_script(ranger::ranger(Species ~ ., iris, num.trees = 30, importance = "impurity"))
  run <- trained()
  expect_identical(run$params.formula, "Species ~ .")
  expect_identical(run$params.num.trees, "30")
  expect_equal(run$metrics.oob_error, forest$prediction.error)
  table <- mlflow_load_table(paste0("runs:/", run$run_id, "/confusion_matrix.json"))
  expect_identical(table$truth, levels(iris$Species))

  suppressMessages(mlflow_set_experiment(unique_name("autolog")))
  forest <- as_script(randomForest::randomForest(Sepal.Width ~ ., iris, ntree = 20))
  run <- trained()
  # Its generic calls a method for formulas, which calls another: one training.
  expect_identical(nrow(run), 1L)
  expect_identical(run$tags.estimator_class, "randomForest::randomForest")
  expect_equal(run$metrics.oob_r2_score, forest$rsq[20])
  expect_equal(mlflow_get_metric_history("oob_error", run$run_id)$value, forest$mse)
  loaded <- mlflow_load_model(paste0("runs:/", run$run_id, "/model"))
  expect_equal(mlflow_predict(loaded, iris), predict(forest, iris), ignore_attr = TRUE)

  suppressMessages(mlflow_set_experiment(unique_name("autolog")))
  as_script(randomForest::randomForest(iris[1:4], iris$Species, ntree = 20))
  expect_true("confusion_matrix.json" %in% files_of(trained()$run_id))
})

test_that("a search of caret is one run with its candidates below it", {
  # caret's dates ask for a time zone, which a container may not have.
  withr::local_envvar(TZ = "UTC")
  skip_if_not_installed("caret")
  skip_if_not_installed("randomForest")
  local_autolog(max_tuning_runs = 2)
  fit <- as_script(caret::train(
    Species ~ ., iris,
    method = "rf", ntree = 10, tuneGrid = data.frame(mtry = 1:3),
    trControl = caret::trainControl("cv", number = 3)
  ))
  run <- trained()
  expect_identical(nrow(run), 1L)
  expect_identical(run[["tags.mlflow.autologging"]], "caret")
  expect_identical(run$params.best_mtry, as.character(fit$bestTune$mtry))
  expect_equal(run$metrics.best_cv_score, max(fit$results$Accuracy))
  results <- mlflow_load_table(paste0("runs:/", run$run_id, "/cv_results.csv"))
  expect_identical(results$mtry, 1:3)
  expect_identical(nrow(mlflow_load_table(paste0("runs:/", run$run_id, "/resamples.csv"))), 3L)

  below <- mlflow_search_runs(paste0("tags.mlflow.parentRunId = '", run$run_id, "'"), wide = TRUE)
  expect_identical(below$status, rep("FINISHED", 2))
  expect_setequal(below$metrics.Accuracy, utils::head(sort(fit$results$Accuracy, decreasing = TRUE), 2))
  expect_true(as.character(fit$bestTune$mtry) %in% below$params.mtry)
})

test_that("a search without resampling has no candidates", {
  skip_if_not_installed("caret")
  local_autolog(log_models = FALSE)
  as_script(caret::train(dist ~ speed, cars, "lm", trControl = caret::trainControl("none")))
  run <- trained()
  expect_identical(run$status, "FINISHED")
  expect_identical(run$params.resampling, "none")
  expect_identical(nrow(mlflow_search_runs()), 1L)
})

test_that("boosters tell of every round", {
  # xgboost itself is not at hand everywhere: what its versions 1 and 2 return.
  log <- data.frame(iter = 1:2, train_rmse = c(0.5, 0.25), eval_set_rmse = c(0.6, 0.4))
  params <- list(eta = 0.3, max_depth = 2)
  record <- training_record(structure(list(evaluation_log = log, params = params), class = "xgb.Booster"))
  expect_identical(record$params, params)
  expect_identical(record$history$key, rep(c("train-rmse", "eval-set_rmse"), each = 2))
  expect_identical(record$history$step, c(0, 1, 0, 1))
  newer <- structure(list(), class = "xgb.Booster", evaluation_log = log, params = params)
  expect_identical(training_record(newer), record)
})

test_that("boosters leave every round, and are predicted with", {
  skip_if_not_installed("xgboost")
  local_autolog()
  data <- boosting_data(mtcars)
  train <- function(...) xgboost::xgb.train(list(max_depth = 2, nthread = 1), nrounds = 3, verbose = 0, ...)
  environment(train) <- globalenv()
  watched <- stats::setNames(list(list(train = data)), boosting_watch())
  fit <- do.call(train, c(list(data = data), watched))
  run <- trained()
  expect_identical(nrow(run), 1L)
  expect_identical(run[["tags.mlflow.autologging"]], "xgboost")
  expect_identical(run$params.max_depth, "2")
  expect_identical(mlflow_get_metric_history("train-rmse", run$run_id)$step, c(0, 1, 2))
  loaded <- mlflow_load_model(paste0("runs:/", run$run_id, "/model"))
  expect_equal(mlflow_predict(loaded, rev(mtcars)), predict(fit, data), ignore_attr = TRUE)
})

test_that("trainings within a run go there, and it stays active", {
  local_autolog(log_models = FALSE)
  with(run <- mlflow_start_run(), {
    as_script(lm(dist ~ speed, cars))
    expect_identical(mlflow_get_run()$status, "RUNNING")
  })
  expect_identical(trained()$run_id, mlflow_id(run))
  expect_identical(trained()$params.formula, "dist ~ speed")
  expect_null(trained()[["tags.mlflow.autologging"]])
  mlflow_autolog(exclusive = TRUE)
  with(run <- mlflow_start_run(), as_script(lm(dist ~ speed, cars)))
  expect_identical(nrow(mlflow_get_run(mlflow_id(run))$params[[1]]), 0L)
})

test_that("a training that fails fails its run, and raises its own error", {
  local_autolog()
  expect_error(as_script(lm(nothing ~ speed, cars)), "'nothing' not found", fixed = TRUE)
  expect_identical(trained()$status, "FAILED")
  expect_null(mlflow_active_run())
  as_script(lm(dist ~ speed, cars))
  expect_setequal(trained()$status, c("FAILED", "FINISHED"))
})

test_that("a training that is interrupted kills its run", {
  uri <- local_tracking()
  slow <- "slow <- function(x) { cat('training\\n'); Sys.sleep(1000); x }"
  trainings <- c(
    "mlflow_autolog(); lm(dist ~ slow(speed), cars)",
    "mlflow_fit(lm(dist ~ slow(speed), cars))",
    "mlflow_autolog(); tryCatch(mlflow_fit(slow(1)), interrupt = function(cnd) NULL)"
  )
  for (training in trainings) {
    mlflow_set_experiment(unique_name("interrupted")) |> suppressMessages()
    process <- start_r(c("library(crateflow)", slow, training),
      c(MLFLOW_TRACKING_URI = uri, MLFLOW_EXPERIMENT_ID = session$experiment_id)
    )
    withr::defer(process$kill())
    expect_identical(first_line(process), "training")
    expect_identical(trained()$status, "RUNNING")
    process$interrupt()
    process$wait(1000 * limit_s)
    expect_identical(trained()$status, "KILLED")
  }
})

test_that("what R does on an interrupt is as ever after a training", {
  local_autolog(log_models = FALSE)
  own <- function() NULL
  withr::local_options(interrupt = own)
  as_script(lm(dist ~ speed, cars))
  expect_error(as_script(lm(nothing ~ speed, cars)))
  expect_identical(getOption("interrupt"), own)
})

test_that("a failure of logging is one warning, and the model is returned", {
  local_autolog(log_models = FALSE)
  with(run <- mlflow_start_run(), {
    mlflow_log_param("formula", "another")
    raised <- capture_warnings(fit <- as_script(lm(dist ~ speed, cars)))
  })
  expect_length(raised, 1)
  expect_match(raised, "could not be logged.*formula")
  expect_s3_class(fit, "lm")
  expect_identical(mlflow_get_run(mlflow_id(run))$status, "FINISHED")

  mlflow_set_tracking_uri("http://127.0.0.1:1")
  expect_warning(fit <- as_script(lm(dist ~ speed, cars)), class = "crateflow_warning_not_logged")
  expect_s3_class(fit, "lm")
  mlflow_autolog(silent = TRUE)
  expect_silent(as_script(lm(dist ~ speed, cars)))
  expect_null(active_run_id())
})

test_that("the random numbers of a script are those it has without logging", {
  local_autolog(log_models = FALSE)
  # Whatever draws while a training is logged.
  withr::local_options(MLflowObservers = list(list(register_tracking_event = function(...) stats::runif(1))))
  numbers <- function() {
    set.seed(1)
    lm(dist ~ speed, cars)
    stats::runif(1)
  }
  environment(numbers) <- globalenv()
  logged <- numbers()
  expect_identical(nrow(trained()), 1L)
  mlflow_autolog_off()
  expect_identical(logged, numbers())
})

test_that("what packages fit for themselves is not logged, what lapply() fits is", {
  local_autolog(log_models = FALSE)
  # This test's environment is of a package.
  lm(dist ~ speed, cars)
  expect_identical(nrow(mlflow_search_runs()), 0L)
  as_script(lapply(list(dist ~ 1, dist ~ speed), lm, data = cars))
  expect_setequal(trained()$params.formula, c("dist ~ 1", "dist ~ speed"))
})

test_that("off again, functions are what they were", {
  skip_if_not_installed("rpart")
  before <- list(stats::lm, lm, stats::glm, rpart::rpart)
  local_autolog(exclude = "caret")
  expect_false(identical(before[[1]], stats::lm))
  expect_true(mlflow_autolog()[[1]] == "stats")
  mlflow_autolog_off()
  expect_true(all(mapply(identical, before, list(stats::lm, lm, stats::glm, rpart::rpart))))
  expect_true(bindingIsLocked("lm", asNamespace("stats")))
  as_script(lm(dist ~ speed, cars))
  expect_identical(nrow(mlflow_search_runs()), 0L)
  mlflow_autolog_off()
})

test_that("packages that are loaded later are observed, and left as they were", {
  skip_if_not_installed("rpart")
  uri <- local_tracking()
  said <- run_r(
    c(
      "crateflow::mlflow_autolog()", "library(rpart)", "fit <- rpart(Species ~ ., iris)",
      "cat(crateflow::mlflow_last_active_run()$status, '\\n')",
      # Which turns it off too.
      "unloadNamespace('crateflow')",
      "cat(class(rpart), class(rpart::rpart), length(getHook(packageEvent('rpart', 'onLoad'))))"
    ),
    c(MLFLOW_TRACKING_URI = uri)
  )
  expect_identical(trimws(said), c("FINISHED", "function function 0"))
})

test_that("mlflow_fit() logs one expression, whatever fits the model", {
  local_tracking()
  suppressMessages(mlflow_set_experiment(unique_name("fit")))
  fit <- mlflow_fit(lm(dist ~ speed, cars), extra_tags = list(team = "roads"))
  expect_s3_class(fit, "lm")
  expect_identical(trained()$tags.team, "roads")
  expect_identical(trained()$params.formula, "dist ~ speed")
  expect_error(mlflow_fit(stop("no training today")), "no training today")
  expect_setequal(trained()$status, c("FINISHED", "FAILED"))

  suppressMessages(mlflow_set_experiment(unique_name("fit")))
  curve <- mlflow_fit(nls(mpg ~ a + b * exp(-wt), mtcars, start = list(a = 10, b = 40)))
  expect_equal(trained()$metrics.aic, AIC(curve))
  expect_true("model/MLmodel" %in% files_of(trained()$run_id))

  suppressMessages(mlflow_set_experiment(unique_name("fit")))
  expect_warning(value <- mlflow_fit(list(1)), "could not be logged", class = "crateflow_warning_not_logged")
  expect_identical(value, list(1))
  with(run <- mlflow_start_run(), mlflow_fit(mlflow_fit(lm(cbind(mpg, wt) ~ hp, mtcars)), log_models = FALSE))
  expect_identical(mlflow_get_run(mlflow_id(run))$params[[1]]$value, "cbind(mpg, wt) ~ hp")
})

test_that("arguments are checked", {
  invalid <- "crateflow_error_invalid_argument"
  expect_error(mlflow_autolog(log_models = "yes"), "log_models", class = invalid)
  expect_error(mlflow_autolog(extra_tags = "x"), "one value per key", class = invalid)
  expect_error(mlflow_autolog(exclude = "xgb"), "\"xgb\" is not", class = invalid)
  expect_error(mlflow_fit(1, max_tuning_runs = "5"), "max_tuning_runs", class = invalid)
})
