// addons is one binary for what surrounds the cluster without being a part of it: metrics-server,
// kwok, helm and the disk service. The program is chosen by the name it is called by (symbolic links).
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	helm "helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/kube"
	apiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/logs"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	kwoksignals "sigs.k8s.io/kwok/pkg/utils/signals"
	metrics "sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

func runMetricsServer() error {
	logs.InitLogs()
	defer logs.FlushLogs()
	return metrics.NewMetricsServerCommand(apiserver.SetupSignalHandler()).Execute()
}

// As kwok's own main does it: its configuration flags come before those of the command.
func runKwok() error {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := kwoklog.InitFlags(kwoksignals.SetupSignalContext(), flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		return err
	}
	cmd := kwok.NewCommand(ctx)
	cmd.PersistentFlags().AddFlagSet(flags)
	return cmd.ExecuteContext(ctx)
}

func runHelm() error {
	kube.ManagedFieldsManager = "helm"
	cmd, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
	if err != nil {
		return err
	}
	err = cmd.Execute()
	var failed helm.CommandError
	if errors.As(err, &failed) {
		os.Exit(failed.ExitCode)
	}
	return err
}

func main() {
	programs := map[string]func() error{
		"metrics-server": runMetricsServer,
		"kwok":           runKwok,
		"helm":           runHelm,
		"disk-service":   runDiskService,
	}
	name := filepath.Base(os.Args[0])
	run, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "no program is called %q\n", name)
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
