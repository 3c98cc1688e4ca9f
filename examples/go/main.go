package main

import (
	vod "example.com/pulumi-alicloud-vod/sdk/go/alicloudvod"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		// An acceleration domain of ApsaraVideo VOD.
		domain := config.Get(ctx, "domain")
		if domain == "" {
			domain = "vod.example.com"
		}
		source := vod.SourceArgs{
			Directory: pulumi.String("./site"),
			BaseUrl:   pulumi.String("https://" + domain + "/"),
		}

		site, err := vod.NewVodCacheRefresh(ctx, "site", &vod.VodCacheRefreshArgs{
			Source: source,
			// In a real program, so that the edge can't fetch the old files again: }, pulumi.DependsOn(uploads))
		})
		if err != nil {
			return err
		}

		warm, err := vod.NewVodCachePreload(ctx, "warm", &vod.VodCachePreloadArgs{
			Source: source,
			// The edge keeps the old copies until the refresh has ended.
			Refresh: vod.AwaitedRefreshArgs{
				ObjectType:  site.ObjectType,
				TaskIds:     site.TaskIds,
				Status:      site.Status,
				SubmittedAt: site.SubmittedAt,
			},
		})
		if err != nil {
			return err
		}

		ctx.Export("taskIds", site.TaskIds)
		ctx.Export("status", site.Status)
		ctx.Export("preloadTaskIds", warm.TaskIds)
		ctx.Export("preloadStatus", warm.Status)
		return nil
	})
}
